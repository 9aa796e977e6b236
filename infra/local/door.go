package main

import (
	"context"
	"net/http"
	"strings"
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
// by the values of the identity sources, one policy for every route, a deny as
// well as an allow, but no error.
type door struct {
	authorize authorizer
	sources   []string

	mu   sync.Mutex
	kept map[string]keptVerdict
}

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
	return &door{authorize: a, sources: sources, kept: make(map[string]keptVerdict)}
}

// ask refuses a request that lacks an identity source without asking anybody.
func (d *door) ask(r *http.Request, a arrival) verdict {
	values := make([]string, len(d.sources))
	for i, name := range d.sources {
		if values[i] = r.Header.Get(name); values[i] == "" {
			return verdict{refusal: gateway.Unauthorized}
		}
	}
	key := strings.Join(values, "\n")
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

func (d *door) lookUp(key string) (verdict, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k, ok := d.kept[key]
	return k.verdict, ok && time.Now().Before(k.until)
}

func (d *door) keep(key string, v verdict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.kept) >= doorMax {
		clear(d.kept)
	}
	d.kept[key] = keptVerdict{v, time.Now().Add(doorTTL)}
}
