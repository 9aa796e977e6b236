// Package attack sends what no client should, to both dialects over one store:
// by hand, at random and by fuzzing.
// It holds tests alone.
package attack

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/canary"
	"cedula/infra/openapi"
	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/encryption"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table/pebble"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(canary.Handler()))
	os.Exit(m.Run())
}

const traceID = "5f8f2a8e-4b7c-4a1e-8d3f-1234567890ab"

// dialect is one of the two, with the contract that its answers are held to.
type dialect struct {
	gateway.API
	name         string
	contract     *openapi.Contract
	contractText string // of the contract: what an answer may say anyway
}

// testEnv is both dialects over one store, with a clock that stands still.
type testEnv struct {
	conomy, blnk dialect
	core         *identity.Service
	keys         *auth.KeyManager
	cursors      *blnk.CursorCodec
	now          time.Time
}

func newTestEnv(t testing.TB) *testEnv {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	secret := bytes.Repeat([]byte("s"), 32)
	kept := store.New(db, secret)
	local, err := encryption.NewLocalKeyWrapper(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	w := &testEnv{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), cursors: blnk.NewCursorCodec([]byte("deployment secret"))}
	clock := func() time.Time { return w.now }
	w.core = &identity.Service{Store: kept, Cipher: encryption.NewFieldCipher(local, clock), Now: clock, Random: rand.NewChaCha8([32]byte{4})}
	w.keys = &auth.KeyManager{Store: kept, Hasher: auth.NewHasher(secret), Now: clock}
	w.conomy = dialect{&conomy.API{Identities: w.core, Logins: rejectAllLogins{}}, "conomy", contracts().conomy, string(apidocs.Conomy.Contract)}
	w.blnk = dialect{
		&blnk.API{Identities: w.core, Cursors: w.cursors, Health: kept, Keys: w.keys},
		"blnk", contracts().blnk, string(apidocs.Blnk.Contract),
	}
	return w
}

// contracts are read once: that takes a while.
var contracts = sync.OnceValue(func() (both struct{ conomy, blnk *openapi.Contract }) {
	var err, other error
	both.conomy, err = openapi.Load(apidocs.Conomy)
	both.blnk, other = openapi.Load(apidocs.Blnk)
	if err := errors.Join(err, other); err != nil {
		panic(err)
	}
	return both
})

// rejectAllLogins lets no client log in.
type rejectAllLogins struct{}

func (rejectAllLogins) Login(context.Context, string, string, string) (auth.Client, error) {
	return auth.Client{}, auth.ErrInvalid
}

func caller(scopes ...string) map[string]any {
	return map[string]any{
		"tenant": "acme", "client": "client-1", "scopes": strings.Join(scopes, " "), "expires": "0", "stage": "test", "steps": "contact+screening",
	}
}

// The callers: one who may do all but set a status and review, one who may set a
// status too, and one who may review.
var (
	defaultCaller = caller(auth.ScopeIdentityRead, auth.ScopeIdentityWrite, auth.ScopeIdentitySearch, auth.ScopeIdentityDelete,
		auth.ScopeKeyRead, auth.ScopeKeyWrite)
	trustedCaller  = caller(auth.ScopeIdentityRead, auth.ScopeIdentityWrite, auth.ScopeIdentityStatusWrite)
	reviewerCaller = caller(auth.ScopeIdentityReview)
)

// event is a request of an operation, in JSON from the usual caller.
func (d dialect) event(t testing.TB, operation, id, body string) events.APIGatewayProxyRequest {
	t.Helper()
	r := d.route(t, operation)
	e := events.APIGatewayProxyRequest{
		Resource: r.Path, Path: strings.ReplaceAll(r.Path, "{id}", id), HTTPMethod: r.Method, Body: body,
		MultiValueHeaders: map[string][]string{"Content-Type": {"application/json"}},
		RequestContext:    events.APIGatewayProxyRequestContext{RequestID: traceID, Authorizer: defaultCaller},
	}
	if id != "" {
		e.PathParameters = map[string]string{"id": id}
	}
	return e
}

func (d dialect) route(t testing.TB, operation string) gateway.Route {
	t.Helper()
	for _, r := range d.Routes() {
		if r.Name == operation {
			return r
		}
	}
	t.Fatalf("no operation %s", operation)
	return gateway.Route{}
}

// call sends a request of the usual caller.
func (d dialect) call(t testing.TB, operation, id, body string) events.APIGatewayProxyResponse {
	t.Helper()
	return d.send(t, operation, d.event(t, operation, id, body))
}

// send lets an operation answer, and holds the answer to what is true of every
// one: no 5xx, one that the contract declares, and no error that repeats what was
// sent.
func (d dialect) send(t testing.TB, operation string, e events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	t.Helper()
	r := d.route(t, operation)
	answer, err := gateway.Handler(d, r)(context.Background(), e)
	if err != nil || answer.IsBase64Encoded {
		t.Fatalf("the handler returned %v, base64 %v", err, answer.IsBase64Encoded)
	}
	if answer.StatusCode >= 500 {
		t.Fatalf("%s answers %d %s to %.2000q", operation, answer.StatusCode, answer.Body, e.Body)
	}
	a := openapi.Response{Status: answer.StatusCode, Header: http.Header(answer.MultiValueHeaders), Body: []byte(answer.Body)}
	// An event of another route is answered in the envelope, and stands in no contract.
	if e.HTTPMethod == r.Method && e.Resource == r.Path {
		if err := d.contract.Check(r.Method, r.Path, a); err != nil {
			t.Fatalf("%s to %.2000q: %v\n%s", operation, e.Body, err, answer.Body)
		}
	}
	if answer.StatusCode >= 400 {
		d.assertNoEcho(t, e, answer.Body)
	}
	return answer
}
