package boot

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"cedula/shared/identity"
)

// AWS is the configuration that Lambda's own variables describe, built by hand:
// the SDK's config module would add 2 MB and 2 ms to every cold start to search
// for what Lambda always gives.
func AWS() aws.Config {
	return aws.Config{
		Region:      Variable("AWS_REGION"),
		Credentials: credentials(),
		HTTPClient:  newHTTPClient(),
	}
}

// credentials are those of the function's role. Lambda replaces the process
// before they end, so they are read once.
func credentials() aws.CredentialsProvider {
	role := aws.Credentials{
		AccessKeyID:     Variable("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: Variable("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    lookUp("AWS_SESSION_TOKEN"), // absent with a user's own key
		Source:          "environment",
	}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return role, nil })
}

// What one attempt of a call may take. The services answer within milliseconds,
// so what takes longer is broken and a new attempt is the better bet; three
// fit into a function's time.
const (
	dialTime    = time.Second
	tlsTime     = time.Second
	headerTime  = 2 * time.Second
	attemptTime = 3 * time.Second
)

// atOnce is how many calls a job has under way, one for each shard of its queue.
// Whatever serves requests opens a few connections and keeps those.
const atOnce = identity.QueueShards

// newHTTPClient keeps the connections that were opened. It follows no redirect
// and knows no proxy.
func newHTTPClient() *http.Client {
	return &http.Client{
		Timeout: attemptTime,
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: dialTime, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:   tlsTime,
			ResponseHeaderTimeout: headerTime,
			MaxIdleConns:          2 * atOnce,
			MaxIdleConnsPerHost:   atOnce,
			IdleConnTimeout:       5 * time.Minute, // the function may be frozen between requests
			DisableCompression:    true,            // DynamoDB's checksum is of the bytes as sent
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
