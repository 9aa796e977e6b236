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
	doorTTL = 30 * time.Second // as the template sets it
	doorMax = 10_000           // entries; then the cache starts anew
)

type authorizer func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error)

// door asks a REQUEST authorizer and keeps its answers as API Gateway does:
// by all values of the identity sources, one policy for every route, a deny as
// well as an allow, but no error. It keeps no credential.
type door struct {
	authorize authorizer
	sources   []string
	now       func() time.Time

	mu    sync.Mutex
	kept  map[doorKey]keptVerdict
	swept time.Time // when entries past their time were last dropped
}

// doorKey is a hash of identity sources.
type doorKey [sha256.Size]byte

// verdict is an authorizer's answer: a refusal's gateway response type or, if
// that is empty, leave to pass. Either may come with a context.
type verdict struct {
	refusal string
	context map[string]any
}

type keptVerdict struct {
	verdict
	until time.Time
}

func newDoor(a authorizer, sources []string) *door {
	return &door{authorize: a, sources: sources, now: time.Now, kept: make(map[doorKey]keptVerdict)}
}

// ask refuses a request that lacks an identity source without asking anybody.
func (d *door) ask(r *http.Request, a arrival) verdict {
	key, complete := d.key(r.Header)
	if !complete {
		return verdict{refusal: gateway.Unauthorized}
	}
	if v, ok := d.lookUp(key); ok {
		return v
	}
	answer, err := d.authorize(r.Context(), a.authorizerEvent(r))
	if err != nil {
		if err.Error() == "Unauthorized" {
			return verdict{refusal: gateway.Unauthorized}
		}
		return verdict{refusal: gateway.AuthorizerFailure}
	}
	v := verdict{context: answer.Context}
	if answer.PolicyDocument.Statement[0].Effect != "Allow" {
		v.refusal = gateway.AccessDenied
	}
	d.keep(key, v)
	return v
}

// key hashes every value of every identity source; complete is false when a
// source is absent or begins with nothing.
func (d *door) key(headers http.Header) (key doorKey, complete bool) {
	var text []byte
	for _, name := range d.sources {
		values := headers.Values(name)
		if len(values) == 0 || values[0] == "" {
			return doorKey{}, false
		}
		text = binary.AppendUvarint(text, uint64(len(values)))
		for _, v := range values {
			text = append(binary.AppendUvarint(text, uint64(len(v))), v...)
		}
	}
	return sha256.Sum256(text), true
}

func (d *door) lookUp(key doorKey) (verdict, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k, ok := d.kept[key]
	return k.verdict, ok && d.now().Before(k.until)
}

func (d *door) keep(key doorKey, v verdict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	if now.Sub(d.swept) >= doorTTL {
		maps.DeleteFunc(d.kept, func(_ doorKey, k keptVerdict) bool { return !now.Before(k.until) })
		d.swept = now
	}
	if len(d.kept) >= doorMax {
		clear(d.kept)
	}
	d.kept[key] = keptVerdict{v, now.Add(doorTTL)}
}
