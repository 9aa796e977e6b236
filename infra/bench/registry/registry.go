// Package registry is the whole registry in this process, as its functions run
// it, on a table whose calls, units and log lines are counted.
// It knows nothing of prices, and nothing of HTTP: it calls what Lambda would.
package registry

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
	"cedula/shared/table/pebble"
)

type handler func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

type authorizer func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error)

// Registry is one client's registry. It is for one caller at a time, but for Fill.
type Registry struct {
	db     *pebble.DB
	still  *still
	calls  *faulttable.Counter
	store  *store.Store // counted
	aside  *store.Store // on the same table, uncounted
	core   *identity.Service
	shown  auth.Credentials
	client auth.Client
	token  string
	guard  func() *auth.Authenticator // a new one remembers nothing
	wire   func() map[string]gateway.API
	apis   map[string]gateway.API
	caller map[string]map[string]any // the authorizers' contexts
	lines  lines
	filled int
	made   atomic.Int64 // numbers the bodies
	before *slog.Logger
}

// Open makes a registry with one client in an empty folder.
func Open(ctx context.Context, folder string) (*Registry, error) {
	db, err := pebble.Open(folder, store.Indexes)
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	secret := make([]byte, 32)
	r := &Registry{db: db, calls: faulttable.NewCounter(db), before: slog.Default()}
	r.still = &still{Table: r.calls}
	r.store, r.aside = store.New(r.still, secret), store.New(db, secret)
	slog.SetDefault(slog.New(slog.NewJSONHandler(&r.lines, nil)).With("requestId", sampleID))
	if err := r.open(ctx, secret); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// open registers the client, lets it in by both authorizers and wires the dialects.
func (r *Registry) open(ctx context.Context, secret []byte) (err error) {
	hasher := auth.NewHasher(secret)
	// It waits for proofs, as a client does that nobody set free of them.
	r.client, r.shown, err = auth.CreateClient(ctx, r.aside, hasher, auth.ClientParams{
		Name: "bench", Tenant: "bench", Scopes: auth.Scopes{auth.ScopeAll}, Policy: auth.Policy{Onboarding: string(identity.OnboardingContact)},
	}, time.Now())
	if err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	key, err := auth.NewLocalKey()
	if err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	const issuer, audience = "https://registry.example", "cedula"
	tokens := &auth.Issuer{Signer: key, Issuer: issuer, Audience: audience, TTL: 12 * time.Hour, Now: time.Now}
	if r.token, _, err = tokens.Issue(ctx, r.client); err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	r.guard = func() *auth.Authenticator {
		return &auth.Authenticator{Store: r.store, Hasher: hasher, Tokens: auth.NewVerifier(issuer, audience, auth.KeySet{key})}
	}
	r.wire = func() map[string]gateway.API {
		r.core = &identity.Service{Store: r.store, Now: time.Now, Random: rand.Reader}
		return map[string]gateway.API{
			Conomy: &conomy.API{Identities: r.core, Logins: r.guard(), Tokens: tokens},
			Blnk:   &blnk.API{Identities: r.core, Health: r.store, Cursors: blnk.NewCursorCodec(secret)},
		}
	}
	r.forget()
	r.caller = make(map[string]map[string]any)
	for dialect := range r.apis {
		answer, err := r.authorizer(dialect)(ctx, r.authorizerEvent())
		if err != nil {
			return fmt.Errorf("registry: authorizer of %s: %w", dialect, err)
		}
		r.caller[dialect] = answer.Context
	}
	return nil
}

// authorizer is a dialect's, which remembers nothing yet.
func (r *Registry) authorizer(dialect string) authorizer {
	if dialect == Conomy {
		return gateway.AuthorizerHandler(&conomy.Authorizer{Authenticator: r.guard()})
	}
	return gateway.AuthorizerHandler(&blnk.Authorizer{Authenticator: r.guard()})
}

func (r *Registry) authorizerEvent() events.APIGatewayCustomAuthorizerRequestTypeRequest {
	return events.APIGatewayCustomAuthorizerRequestTypeRequest{
		Type:      "REQUEST",
		MethodArn: "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/production/GET/identities/x",
		MultiValueHeaders: map[string][]string{
			"Authorization": {"Bearer " + r.token}, "x-api-key": {r.shown.ConomyKey}, "X-Blnk-Key": {r.shown.BlnkKey},
		},
	}
}

// forget makes the functions new: nothing is remembered of what was read.
func (r *Registry) forget() { r.apis = r.wire() }

// Close closes the table and gives the log back.
func (r *Registry) Close() error {
	slog.SetDefault(r.before)
	return r.db.Close()
}
