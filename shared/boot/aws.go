package boot

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"cedula/shared/identity"
)

// AWSConfig is the configuration that Lambda's own variables describe, built by hand:
// the SDK's config module would add 2 MB and 2 ms to every cold start to search
// for what Lambda always gives.
func AWSConfig() aws.Config {
	return aws.Config{
		Region:      RequiredEnv("AWS_REGION"),
		Credentials: credentials(),
		HTTPClient:  newHTTPClient(),
	}
}

// credentials are those of the function's role. Lambda replaces the process
// before they end, so they are read once.
func credentials() aws.CredentialsProvider {
	role := aws.Credentials{
		AccessKeyID:     RequiredEnv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: RequiredEnv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    getenv("AWS_SESSION_TOKEN"), // absent with a user's own key
		Source:          "environment",
	}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return role, nil })
}

// What one attempt of a call may take. The services answer within milliseconds,
// so what takes longer is broken and a new attempt is the better bet; three
// fit into a function's time.
const (
	dialTimeout           = time.Second
	tlsTimeout            = time.Second
	responseHeaderTimeout = 2 * time.Second
	attemptTimeout        = 3 * time.Second
)

// maxConcurrentCalls is how many calls a job has under way, one for each shard of its queue.
// Whatever serves requests opens a few connections and keeps those.
const maxConcurrentCalls = identity.PendingIndexShards

// newHTTPClient keeps the connections that were opened. It follows no redirect
// and knows no proxy.
func newHTTPClient() *http.Client {
	return &http.Client{
		Timeout: attemptTimeout,
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:   tlsTimeout,
			ResponseHeaderTimeout: responseHeaderTimeout,
			MaxIdleConns:          2 * maxConcurrentCalls,
			MaxIdleConnsPerHost:   maxConcurrentCalls,
			IdleConnTimeout:       5 * time.Minute, // the function may be frozen between requests
			DisableCompression:    true,            // DynamoDB's checksum is of the bytes as sent
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
