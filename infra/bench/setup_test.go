// Package bench_test counts what each operation asks of the table and measures its time and allocations.
// It calls the same handlers, authorizers and jobs as the Lambda functions, in this process and without HTTP.
package bench_test

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
	"cedula/shared/table/pebble"
)

const (
	conomyAPI = "conomy"
	blnkAPI   = "blnk"

	issuer   = "https://registry.example"
	audience = "cedula"
	tenant   = "bench"

	requestID = "0d0d0d0d-0000-4000-8000-000000000000"
)

// The create requests, with @N@ for a number.
var (
	//go:embed load/conomy.json
	conomyBody string
	//go:embed load/blnk.json
	blnkBody string
)

// benchRegistry is a whole registry with one client, on a Pebble table that counts its calls.
type benchRegistry struct {
	table       *countingTable
	store       *store.Store
	hasher      auth.Hasher
	key         *auth.LocalKey
	tokens      *auth.Issuer
	credentials auth.Credentials
	token       string
	apis        map[string]gateway.API
	callers     map[string]map[string]any // the authorizer context per API
	number      atomic.Int64              // counts the identities and makes their values unique
	log         byteCounter
}

// countingTable also keeps the ids of the messages that were queued.
type countingTable struct {
	*faulttable.Counter
	messages []string
}

// Write implements table.Table.
func (c *countingTable) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	units, err := c.Counter.Write(ctx, ops...)
	for _, op := range ops {
		id, isMessage := strings.CutPrefix(op.Item.PK, store.PrefixMessage)
		if isMessage && err == nil && op.Action == table.ActionPut {
			c.messages = append(c.messages, id)
		}
	}
	return units, err
}

// byteCounter counts the bytes of the log.
type byteCounter struct{ bytes int }

func (c *byteCounter) Write(line []byte) (int, error) {
	c.bytes += len(line)
	return len(line), nil
}

func openRegistry(tb testing.TB) *benchRegistry {
	tb.Helper()
	db, err := pebble.Open(tb.TempDir(), store.Indexes)
	if err != nil {
		tb.Fatal(err)
	}
	secret := make([]byte, 32)
	counting := &countingTable{Counter: faulttable.NewCounter(db)}
	r := &benchRegistry{
		table:  counting,
		store:  store.New(counting, secret),
		hasher: auth.NewHasher(secret),
	}
	previous := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&r.log, nil)).With("requestId", requestID))
	tb.Cleanup(func() {
		slog.SetDefault(previous)
		if err := db.Close(); err != nil {
			tb.Errorf("close the table: %v", err)
		}
	})
	r.register(tb)
	r.wire()
	r.callers = map[string]map[string]any{conomyAPI: r.authorize(tb, conomyAPI)().Context, blnkAPI: r.authorize(tb, blnkAPI)().Context}
	return r
}

// register creates the client. Its identities need a verified email address and phone number.
func (r *benchRegistry) register(tb testing.TB) {
	admin := auth.Admin{AdminStore: r.store, Hasher: r.hasher, APIs: []auth.API{conomy.AuthAPI, blnk.AuthAPI}}
	client, credentials, err := admin.CreateClient(tb.Context(), auth.ClientParams{
		Name: "bench", Tenant: tenant, Scopes: auth.Scopes{auth.ScopeAll}, Policy: auth.Policy{Onboarding: string(identity.OnboardingContact)}, TestMode: true,
	})
	if err != nil {
		tb.Fatal(err)
	}
	key, err := auth.NewLocalKey()
	if err != nil {
		tb.Fatal(err)
	}
	r.key = key
	r.credentials = credentials
	r.tokens = &auth.Issuer{Signer: key, Issuer: issuer, Audience: audience, TTL: 12 * time.Hour, Now: time.Now}
	r.token, _, err = r.tokens.Issue(tb.Context(), client)
	if err != nil {
		tb.Fatal(err)
	}
}

// wire replaces the APIs by new ones, which have cached nothing.
func (r *benchRegistry) wire() {
	service := &registry.Registry{Store: r.store, Now: time.Now, Random: rand.Reader}
	r.apis = map[string]gateway.API{
		conomyAPI: &conomy.API{Identities: service, Logins: r.authenticator(), Tokens: r.tokens},
		blnkAPI:   &blnk.API{Identities: service, Health: r.store, Cursors: blnk.NewCursorCodec(make([]byte, 32))},
	}
}

// authenticator returns one that has cached nothing.
func (r *benchRegistry) authenticator() *auth.Authenticator {
	return &auth.Authenticator{Store: r.store, Hasher: r.hasher, Tokens: auth.NewVerifier(issuer, audience, auth.KeySet{r.key})}
}

// authorize returns a call of a new authorizer of the API.
func (r *benchRegistry) authorize(tb testing.TB, api string) func() events.APIGatewayCustomAuthorizerResponse {
	authorizer := gateway.AuthorizerHandler(&conomy.Authorizer{Authenticator: r.authenticator()})
	if api == blnkAPI {
		authorizer = gateway.AuthorizerHandler(&blnk.Authorizer{Authenticator: r.authenticator()})
	}
	event := events.APIGatewayCustomAuthorizerRequestTypeRequest{
		Type:      "REQUEST",
		MethodArn: "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/production/GET/identities/x",
		MultiValueHeaders: map[string][]string{
			"Authorization": {"Bearer " + r.token}, "x-api-key": {r.credentials.Keys["conomy"]}, "X-Blnk-Key": {r.credentials.Keys["blnk"]},
		},
	}
	return func() events.APIGatewayCustomAuthorizerResponse {
		response, err := authorizer(context.Background(), event)
		if err != nil {
			tb.Fatalf("authorizer of %s: %v", api, err)
		}
		return response
	}
}

// request is one request to an API.
type request struct {
	api, operation string
	pathParameters map[string]string
	query          map[string]string
	body           string
	idempotencyKey string
}

// call prepares a request, so that the returned step does no more than a Lambda function does.
func (r *benchRegistry) call(tb testing.TB, q request) step {
	tb.Helper()
	route := routeOf(tb, r.apis[q.api], q.operation)
	handle := gateway.Handler(r.apis[q.api], route)
	event := r.event(q, route)
	return func() string {
		response, err := handle(context.Background(), event)
		if err != nil || response.StatusCode >= 300 {
			tb.Fatalf("%s of %s: status %d, error %v, body %s", q.operation, q.api, response.StatusCode, err, response.Body)
		}
		return response.Body
	}
}

func (r *benchRegistry) event(q request, route gateway.Route) events.APIGatewayProxyRequest {
	headers := map[string][]string{"Content-Type": {"application/json"}, "X-Api-Key": {r.credentials.Keys["conomy"]}, "User-Agent": {"bench/1.0"}}
	if q.idempotencyKey != "" {
		headers["Idempotency-Key"] = []string{q.idempotencyKey}
	}
	return events.APIGatewayProxyRequest{
		Resource: route.Path, Path: route.Path, HTTPMethod: route.Method, MultiValueHeaders: headers,
		QueryStringParameters: q.query, PathParameters: q.pathParameters, Body: q.body,
		RequestContext: events.APIGatewayProxyRequestContext{
			ResourcePath: route.Path, HTTPMethod: route.Method, RequestID: requestID,
			DomainName: "api.example.com", Path: "/production" + route.Path, Authorizer: r.callers[q.api],
		},
	}
}

func routeOf(tb testing.TB, api gateway.API, operation string) gateway.Route {
	tb.Helper()
	for _, route := range api.Routes() {
		if route.Name == operation {
			return route
		}
	}
	tb.Fatalf("no route is named %s", operation)
	return gateway.Route{}
}

// fill creates identities in the client's tenant until it has about this many.
func (r *benchRegistry) fill(tb testing.TB, identities int) {
	service := &registry.Registry{Store: r.store, Now: time.Now, Random: rand.Reader}
	missing := int64(identities) - r.number.Load()
	var started atomic.Int64
	var workers sync.WaitGroup
	for range 32 {
		workers.Go(func() {
			for started.Add(1) <= missing {
				if err := r.fillOne(tb.Context(), service); err != nil {
					tb.Errorf("fill the table: %v", err)
					return
				}
			}
		})
	}
	workers.Wait()
}

func (r *benchRegistry) fillOne(ctx context.Context, service *registry.Registry) error {
	n := r.number.Add(1)
	profile := identity.Profile{FirstName: "N", Email: emailAddress(n), DocumentNumber: strconv.FormatInt(n, 10)}
	_, err := service.Create(ctx, registry.Draft{
		Tenant: tenant, Profile: profile, Trusted: true, Status: identity.Active, Claims: []identity.Claim{profile.UniquenessClaim()},
		GenerateID: func(time.Time, io.Reader) (string, error) { return fmt.Sprintf("f%023x", n*0x9e3779b97f4a7c1), nil },
	})
	return err
}

// newBody returns a create request with values that no other identity has, and its email address.
func (r *benchRegistry) newBody(api string) (body, email string) {
	n := r.number.Add(1)
	body = conomyBody
	if api == blnkAPI {
		body = blnkBody
	}
	return strings.ReplaceAll(body, "@N@", number(n)), emailAddress(n)
}

func number(n int64) string { return fmt.Sprintf("9%09d", n) }

func emailAddress(n int64) string { return "person-" + number(n) + "@example.com" }

// deliverMessages delivers the queued messages and returns the verification code of the last one.
func (r *benchRegistry) deliverMessages(tb testing.TB) string {
	tb.Helper()
	inbox := &inbox{}
	dispatcher := messaging.Dispatcher{Outbox: r.store, Senders: map[identity.Channel]messaging.Sender{identity.ChannelEmail: inbox}, Now: time.Now}
	for _, id := range r.table.messages {
		if err := dispatcher.Deliver(context.Background(), id); err != nil {
			tb.Fatalf("deliver a message: %v", err)
		}
	}
	r.table.messages = nil
	return inbox.code
}

// inbox remembers the last code that was sent.
type inbox struct{ code string }

// Send implements messaging.Sender.
func (i *inbox) Send(_ context.Context, l messaging.RenderedMessage) error {
	i.code = l.Code
	return nil
}
