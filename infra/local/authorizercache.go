package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/gateway"
)

const (
	authorizerTTL   = 30 * time.Second // as the template sets it
	maxCacheEntries = 10_000           // entries; then the cache starts anew
)

type authorizerFunc func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error)

// authorizerCache asks a REQUEST authorizer and keeps its answers as API Gateway does:
// by all values of the identity sources, one policy for every route, a deny as
// well as an allow, but no error. It keeps no credential.
type authorizerCache struct {
	authorize authorizerFunc
	sources   []string
	now       func() time.Time

	mu        sync.Mutex
	decisions map[cacheKey]cachedDecision
	lastSweep time.Time // when entries past their time were last dropped
}

// cacheKey is a hash of identity sources.
type cacheKey [sha256.Size]byte

// decision is an authorizer's answer: a refusal's gateway response type or, if
// that is empty, leave to pass. Either may come with a context.
type decision struct {
	denial  string
	context map[string]any
}

type cachedDecision struct {
	decision
	expires time.Time
}

func newAuthorizerCache(a authorizerFunc, sources []string) *authorizerCache {
	return &authorizerCache{authorize: a, sources: sources, now: time.Now, decisions: make(map[cacheKey]cachedDecision)}
}

// decide refuses a request that lacks an identity source without asking anybody.
func (d *authorizerCache) decide(r *http.Request, a inboundRequest) decision {
	key, complete := d.keyOf(r.Header)
	if !complete {
		return decision{denial: gateway.Unauthorized}
	}
	if v, ok := d.get(key); ok {
		return v
	}
	answer, err := d.authorize(r.Context(), a.authorizerEvent(r))
	if err != nil {
		if err.Error() == "Unauthorized" {
			return decision{denial: gateway.Unauthorized}
		}
		return decision{denial: gateway.AuthorizerFailure}
	}
	v := decision{context: answer.Context}
	if answer.PolicyDocument.Statement[0].Effect != "Allow" {
		v.denial = gateway.AccessDenied
	}
	d.put(key, v)
	return v
}

// keyOf hashes every value of every identity source; complete is false when a
// source is absent or begins with nothing.
func (d *authorizerCache) keyOf(headers http.Header) (key cacheKey, complete bool) {
	var text []byte
	for _, name := range d.sources {
		values := headers.Values(name)
		if len(values) == 0 || values[0] == "" {
			return cacheKey{}, false
		}
		text = binary.AppendUvarint(text, uint64(len(values)))
		for _, v := range values {
			text = append(binary.AppendUvarint(text, uint64(len(v))), v...)
		}
	}
	return sha256.Sum256(text), true
}

func (d *authorizerCache) get(key cacheKey) (decision, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k, ok := d.decisions[key]
	return k.decision, ok && d.now().Before(k.expires)
}

func (d *authorizerCache) put(key cacheKey, v decision) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	if now.Sub(d.lastSweep) >= authorizerTTL {
		maps.DeleteFunc(d.decisions, func(_ cacheKey, k cachedDecision) bool { return !now.Before(k.expires) })
		d.lastSweep = now
	}
	if len(d.decisions) >= maxCacheEntries {
		clear(d.decisions)
	}
	d.decisions[key] = cachedDecision{v, now.Add(authorizerTTL)}
}
