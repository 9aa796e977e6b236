// Package faulttest_test lets every operation meet every fault at every call of
// the table, and holds what comes of it to the invariants.
package faulttest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/encryption"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
	"cedula/shared/table/pebble"
)

// personalDataMarkers are parts of every personal datum that these tests store.
var personalDataMarkers = []string{"canary", "7317317", "5691234"}

// containsPersonalData tells whether a text holds personal data.
func containsPersonalData(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(personalDataMarkers, func(c string) bool { return strings.Contains(text, c) })
}

// logOutput is everything that was logged.
var logOutput syncBuffer

type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (t *syncBuffer) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buffer.Write(p)
}

func (t *syncBuffer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buffer.String()
}

// withoutTime leaves out the one figure of a line that is long enough to hold a
// canary by chance: the time's nanoseconds.
func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logOutput, &slog.HandlerOptions{ReplaceAttr: withoutTime})))
	code := m.Run()
	if os.Getenv(childTaskVariable) == "" {
		fmt.Printf("%d cells: operations x calls x faults, %d broken invariants\n", trialCount.Load(), violationCount.Load())
	}
	if containsPersonalData(logOutput.String()) {
		fmt.Println("FAIL: personal data in the log")
		for line := range strings.Lines(logOutput.String()) {
			if containsPersonalData(line) {
				fmt.Print(line)
				break
			}
		}
		code = 1
	}
	os.Exit(code)
}

// testEnv is both dialects on one table, which meets faults.
type testEnv struct {
	testing.TB
	injector      *faulttable.Injector
	audited       *auditedTable
	store         *store.Store
	core          *identity.Service
	conomy        *conomy.API
	blnk          *blnk.API
	authenticator *auth.Authenticator
	trialSerial   int
	clockOffset   atomic.Int64 // how far the time was moved
}

var secret = bytes.Repeat([]byte("s"), 32)

func newTestEnv(t testing.TB) *testEnv {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return newTestEnvOn(t, db)
}

func newTestEnvOn(t testing.TB, db table.Table) *testEnv {
	t.Helper()
	w := &testEnv{TB: t, audited: &auditedTable{Table: db}}
	w.audited.reset("")
	w.injector = faulttable.NewInjector(w.audited)
	w.wire(w.injector)
	return w
}

// wire puts both dialects on a table, as boot does.
func (w *testEnv) wire(t table.Table) {
	sealing, err := encryption.NewLocalKeyWrapper(secret)
	if err != nil {
		w.Fatal(err)
	}
	key, err := auth.NewLocalKey()
	if err != nil {
		w.Fatal(err)
	}
	w.store = store.New(t, secret)
	hasher := auth.NewHasher(secret)
	w.core = &identity.Service{Store: w.store, Cipher: encryption.NewFieldCipher(sealing, w.now), Now: w.now, Random: rand.Reader}
	w.authenticator = &auth.Authenticator{
		Store: w.store, Hasher: hasher, CacheTTL: -1, Now: w.now, Tokens: auth.NewVerifier("i", "a", auth.KeySet{key}),
	}
	w.conomy = &conomy.API{
		Identities: w.core, Logins: w.authenticator, Reference: apidocs.Conomy, IssuerMetadata: auth.IssuerMetadata{Issuer: "i", Keys: auth.KeySet{key}},
		Tokens: &auth.Issuer{Signer: key, Issuer: "i", Audience: "a", TTL: time.Hour, Now: w.now},
	}
	w.blnk = &blnk.API{
		Identities: w.core, Health: w.store, Keys: &auth.KeyManager{Store: w.store, Hasher: hasher, Now: w.now},
		Cursors: blnk.NewCursorCodec(secret), Reference: apidocs.Blnk,
	}
}

func (w *testEnv) now() time.Time { return time.Now().Add(time.Duration(w.clockOffset.Load())) }

// trial is one try of an operation, by a client of its own.
type trial struct {
	*testEnv
	api         gateway.API
	tenant      string
	credentials auth.Credentials
	apiKeyID    string // the id of the client's key for Blnk's API
	caller      map[string]any
	identityID  string // of the identity that the operation is about
	prepared    string // whatever else its preparation made
	queueShards []int  // of the queue, where it has somebody
	sender      *fakeSender
	headers     map[string][]string // of a request to an authorizer
}

// newTrial registers a client of a new tenant.
func (w *testEnv) newTrial(dialect string) *trial {
	w.Helper()
	w.trialSerial++
	w.clockOffset.Store(0)
	w.core = &identity.Service{Store: w.core.Store, Cipher: w.core.Cipher, Now: w.core.Now, Random: w.core.Random}
	w.conomy.Identities, w.blnk.Identities = w.core, w.core
	c := &trial{testEnv: w, api: w.conomy, tenant: fmt.Sprintf("tenant-%d", w.trialSerial)}
	if dialect == "blnk" {
		c.api = w.blnk
	}
	w.injector.SetPlan(nil)
	w.audited.reset("C#")
	_, shown, err := auth.CreateClient(context.Background(), w.store, w.authenticator.Hasher,
		auth.ClientParams{Name: "test", Tenant: c.tenant, Scopes: auth.Scopes{auth.ScopeAll}}, time.Now())
	if err != nil {
		w.Fatal(err)
	}
	c.credentials = shown
	c.apiKeyID = shown.BlnkKey[4:28]
	c.caller = map[string]any{
		"tenant": c.tenant, "client": shown.ClientID, "key": c.apiKeyID, "scopes": auth.ScopeAll, "mode": "lenient", "expires": "0", "stage": "test",
	}
	w.audited.reset("T#"+c.tenant+"#", "C#"+shown.ClientID, "L#"+shown.ClientID, "M#")
	return c
}

// request is a request to a dialect.
type request struct {
	method, target, body string
	headers              []string // names and values in turn
}

// reply is a dialect's answer.
type reply struct {
	status int
	header http.Header
	body   string
}

// send hands a request to the function of its route, without the gateway.
func (c *trial) send(q request) reply {
	c.Helper()
	path, query, _ := strings.Cut(q.target, "?")
	route, params, ok := findRoute(c.api, q.method, path)
	if !ok {
		c.Fatalf("no route %s %s", q.method, path)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		c.Fatal(err)
	}
	headers := map[string][]string{"Content-Type": {"application/json"}}
	for n := 0; n < len(q.headers); n += 2 {
		headers[q.headers[n]] = []string{q.headers[n+1]}
	}
	answer, err := gateway.Handler(c.api, route)(context.Background(), events.APIGatewayProxyRequest{
		Resource: route.Path, Path: path, HTTPMethod: q.method, Body: q.body, PathParameters: params,
		MultiValueQueryStringParameters: values, MultiValueHeaders: headers,
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "trace", Authorizer: c.caller},
	})
	if err != nil {
		c.Fatal(err)
	}
	return reply{answer.StatusCode, http.Header(answer.MultiValueHeaders), answer.Body}
}

// mustSend is send for what has to succeed; it returns a member of the answer.
func (c *trial) mustSend(q request, name string) string {
	c.Helper()
	a := c.send(q)
	if a.status >= 300 {
		c.Fatalf("%s %s: %d %s", q.method, q.target, a.status, a.body)
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(a.body), &all); name != "" && err != nil {
		c.Fatal(err)
	}
	s, _ := all[name].(string)
	return s
}

// findRoute finds the route of a path, the one with the fewest parameters.
func findRoute(api gateway.API, method, path string) (best gateway.Route, params map[string]string, ok bool) {
	segments := strings.Split(path, "/")
	for _, r := range api.Routes() {
		met, fits := matchPath(strings.Split(r.Path, "/"), segments)
		if r.Method == method && fits && (!ok || len(met) < len(params)) {
			best, params, ok = r, met, true
		}
	}
	return best, params, ok
}

func matchPath(pattern, segments []string) (map[string]string, bool) {
	params := map[string]string{}
	for i, p := range pattern {
		switch {
		case len(pattern) != len(segments):
			return nil, false
		case strings.HasPrefix(p, "{"):
			params[strings.Trim(p, "{}")] = segments[i]
		case p != segments[i]:
			return nil, false
		}
	}
	return params, true
}

// queuedCode reads the code of the one message that is queued.
func (c *trial) queuedCode() string {
	c.Helper()
	queued := c.audited.partitionKeys("M")
	if len(queued) != 1 {
		c.Fatalf("%d messages", len(queued))
	}
	id := strings.TrimPrefix(queued[0], "M#")
	m, holder, err := c.store.Lease(context.Background(), id, c.now(), time.Second)
	if err == nil {
		err = c.store.Release(context.Background(), id, holder)
	}
	if err != nil {
		c.Fatal(err)
	}
	return m.Code
}

// firstString is the first of these strings that a body has.
func firstString(body string, names ...string) string {
	var all map[string]any
	_ = json.Unmarshal([]byte(body), &all)
	for _, name := range names {
		if s, _ := all[name].(string); s != "" {
			return s
		}
	}
	return ""
}
