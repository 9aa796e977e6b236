package apigateway

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/gateway"
	"cedula/shared/ttlcache"
)

const (
	authorizerTTL   = 30 * time.Second // as the template sets it
	maxCacheEntries = 10_000
)

type authorizerFunc func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error)

// authorizerCache asks a REQUEST authorizer and keeps its decisions as API Gateway does: by all values of the identity
// sources, one policy for every route, a deny as well as an allow, but no error. It stores no credential.
type authorizerCache struct {
	authorize authorizerFunc
	sources   []string
	decisions *ttlcache.Cache[decision]
}

// decision is an authorizer's response.
type decision struct {
	denial  string         // the type of the gateway response; empty: allowed
	context map[string]any // may come with either
}

func newAuthorizerCache(a authorizerFunc, sources []string, now func() time.Time) *authorizerCache {
	return &authorizerCache{a, sources, ttlcache.New[decision](authorizerTTL, maxCacheEntries, now)}
}

// decide asks the authorizer unless its decision is cached. A request that lacks an identity source is rejected without.
func (c *authorizerCache) decide(x *exchange) decision {
	key, complete := c.key(x.r.Header)
	if !complete {
		return decision{denial: gateway.Unauthorized}
	}
	if d, ok := c.decisions.Get(key); ok {
		return d
	}
	response, err := c.authorize(x.r.Context(), authorizerEvent(x))
	if errors.Is(err, gateway.ErrUnauthorized) {
		return decision{denial: gateway.Unauthorized}
	}
	if err != nil {
		return decision{denial: gateway.AuthorizerFailure}
	}
	d := decision{context: response.Context}
	if response.PolicyDocument.Statement[0].Effect != "Allow" {
		d.denial = gateway.AccessDenied
	}
	c.decisions.Put(key, d)
	return d
}

// key hashes every value of every identity source. complete is false if a source is missing or its first value is empty.
func (c *authorizerCache) key(headers http.Header) (key string, complete bool) {
	all := make([][]string, len(c.sources))
	for n, name := range c.sources {
		all[n] = headers.Values(name)
		if len(all[n]) == 0 || all[n][0] == "" {
			return "", false
		}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", all)) // quoted, so that no two lists look the same
	return string(sum[:]), true
}
