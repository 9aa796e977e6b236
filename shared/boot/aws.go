package boot

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// AWSConfig returns the configuration of AWS clients, built by hand: the SDK's config module
// would add 2 MB and 2 ms to every cold start to search for what Lambda always sets.
func AWSConfig(c Config) (aws.Config, error) {
	if err := c.Require("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"); err != nil {
		return aws.Config{}, err
	}
	// Lambda replaces the process before the credentials of its role expire.
	role := aws.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, Source: "environment",
	}
	return aws.Config{
		Region:      c.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return role, nil }),
		HTTPClient:  newHTTPClient(),
	}, nil
}

// Endpoint returns the URL for a client's options, nil for the service's own endpoint.
func Endpoint(url string) *string {
	if url == "" {
		return nil
	}
	return &url
}

// Timeouts of one attempt of a call. The services respond within milliseconds, so a slow attempt
// is better retried than waited for. Three attempts fit into a function's timeout.
const (
	dialTimeout           = time.Second
	tlsTimeout            = time.Second
	responseHeaderTimeout = 2 * time.Second
	attemptTimeout        = 3 * time.Second
)

// maxIdleConns is how many connections stay open. A job makes 64 calls concurrently, one for
// each shard of an index, and would otherwise open connections again in every run. Functions
// that serve requests open only a few.
const maxIdleConns = 64

// newHTTPClient returns a client that keeps connections open, follows no redirects and uses no
// proxy.
func newHTTPClient() *http.Client {
	return &http.Client{
		Timeout: attemptTimeout,
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:   tlsTimeout,
			ResponseHeaderTimeout: responseHeaderTimeout,
			MaxIdleConns:          2 * maxIdleConns,
			MaxIdleConnsPerHost:   maxIdleConns,
			IdleConnTimeout:       5 * time.Minute, // the function may be frozen between requests
			DisableCompression:    true,            // DynamoDB's checksum covers the bytes as sent
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
