// Package faults_test lets every operation meet every fault at every call of
// the table, and holds what comes of it to the invariants.
package faults_test

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

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/reference"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/embedded"
	"cedula/shared/table/faults"
	"cedula/shared/vault"
)

// canaries are parts of every personal datum that these tests store.
var canaries = []string{"canary", "7317317", "5691234"}

// leaks tells whether a text holds personal data.
func leaks(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(canaries, func(c string) bool { return strings.Contains(text, c) })
}

// logged is everything that was logged.
var logged transcript

type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
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
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{ReplaceAttr: withoutTime})))
	code := m.Run()
	if os.Getenv(errandVariable) == "" {
		fmt.Printf("%d cells: operations x calls x faults, %d broken invariants\n", cells.Load(), broken.Load())
	}
	if leaks(logged.String()) {
		fmt.Println("FAIL: personal data in the log")
		for line := range strings.Lines(logged.String()) {
			if leaks(line) {
				fmt.Print(line)
				break
			}
		}
		code = 1
	}
	os.Exit(code)
}

// world is both dialects on one table, which meets faults.
type world struct {
	testing.TB
	faults *faults.Injector
	ledger *ledger
	store  *store.Store
	core   *identity.Service
	conomy *conomy.API
	blnk   *blnk.API
	guard  *auth.Guard
	serial int
	ahead  atomic.Int64 // how far the time was moved
}

var secret = bytes.Repeat([]byte("s"), 32)

func newWorld(t testing.TB) *world {
	t.Helper()
	db, err := embedded.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return newWorldOn(t, db)
}

func newWorldOn(t testing.TB, db table.Table) *world {
	t.Helper()
	w := &world{TB: t, ledger: &ledger{Table: db}}
	w.ledger.begin("")
	w.faults = faults.Inject(w.ledger)
	w.wire(w.faults)
	return w
}

// wire puts both dialects on a table, as boot does.
func (w *world) wire(t table.Table) {
	sealing, err := vault.NewLocal(secret)
	if err != nil {
		w.Fatal(err)
	}
	key, err := auth.NewLocalKey()
	if err != nil {
		w.Fatal(err)
	}
	w.store = store.New(t, secret)
	hasher := auth.NewHasher(secret)
	w.core = &identity.Service{Store: w.store, Vault: vault.New(sealing, w.now), Now: w.now, Random: rand.Reader}
	w.guard = &auth.Guard{
		Store: w.store, Hasher: hasher, TTL: -1, Now: w.now, Tokens: auth.NewVerifier("i", "a", auth.Ring{key}),
	}
	w.conomy = &conomy.API{
		Identities: w.core, Logins: w.guard, Reference: reference.Conomy, Published: auth.Published{Issuer: "i", Keys: auth.Ring{key}},
		Tokens: &auth.Issuer{Signer: key, Issuer: "i", Audience: "a", TTL: time.Hour, Now: w.now},
	}
	w.blnk = &blnk.API{
		Identities: w.core, Health: w.store, Keys: &auth.Keys{Store: w.store, Hasher: hasher, Now: w.now},
		Cursors: blnk.NewCursors(secret), Reference: reference.Blnk,
	}
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// cell is one try of an operation, by a client of its own.
type cell struct {
	*world
	dialect gateway.API
	tenant  string
	client  auth.Credentials
	key     string // the id of the client's key for Blnk's API
	caller  map[string]any
	id      string // of the identity that the operation is about
	other   string // whatever else its preparation made
	shards  []int  // of the queue, where it has somebody
	post    *post
	headers map[string][]string // of a request to an authorizer
}

// cell registers a client of a new tenant.
func (w *world) cell(dialect string) *cell {
	w.Helper()
	w.serial++
	w.ahead.Store(0)
	w.core = &identity.Service{Store: w.core.Store, Vault: w.core.Vault, Now: w.core.Now, Random: w.core.Random}
	w.conomy.Identities, w.blnk.Identities = w.core, w.core
	c := &cell{world: w, dialect: w.conomy, tenant: fmt.Sprintf("tenant-%d", w.serial)}
	if dialect == "blnk" {
		c.dialect = w.blnk
	}
	w.faults.Plan(nil)
	w.ledger.begin("C#")
	_, shown, err := auth.Register(context.Background(), w.store, w.guard.Hasher,
		auth.NewClient{Name: "test", Tenant: c.tenant, Scopes: auth.Scopes{auth.ScopeAll}}, time.Now())
	if err != nil {
		w.Fatal(err)
	}
	c.client = shown
	c.key = shown.BlnkKey[4:28]
	c.caller = map[string]any{
		"tenant": c.tenant, "client": shown.ClientID, "key": c.key, "scopes": auth.ScopeAll, "mode": "lenient", "expires": "0", "stage": "test",
	}
	w.ledger.begin("T#"+c.tenant+"#", "C#"+shown.ClientID, "L#"+shown.ClientID, "M#")
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
func (c *cell) send(q request) reply {
	c.Helper()
	path, query, _ := strings.Cut(q.target, "?")
	route, params, ok := routeOf(c.dialect, q.method, path)
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
	answer, err := gateway.Handler(c.dialect, route)(context.Background(), events.APIGatewayProxyRequest{
		Resource: route.Path, Path: path, HTTPMethod: q.method, Body: q.body, PathParameters: params,
		MultiValueQueryStringParameters: values, MultiValueHeaders: headers,
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "trace", Authorizer: c.caller},
	})
	if err != nil {
		c.Fatal(err)
	}
	return reply{answer.StatusCode, http.Header(answer.MultiValueHeaders), answer.Body}
}

// must is send for what has to succeed; it returns a member of the answer.
func (c *cell) must(q request, name string) string {
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

// routeOf finds the route of a path, the one with the fewest parameters.
func routeOf(api gateway.API, method, path string) (best gateway.Route, params map[string]string, ok bool) {
	segments := strings.Split(path, "/")
	for _, r := range api.Routes() {
		met, fits := fit(strings.Split(r.Path, "/"), segments)
		if r.Method == method && fits && (!ok || len(met) < len(params)) {
			best, params, ok = r, met, true
		}
	}
	return best, params, ok
}

func fit(pattern, segments []string) (map[string]string, bool) {
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

// code reads the code of the one message that is queued.
func (c *cell) code() string {
	c.Helper()
	queued := c.ledger.of("M")
	if len(queued) != 1 {
		c.Fatalf("%d messages", len(queued))
	}
	id := strings.TrimPrefix(queued[0], "M#")
	m, holder, err := c.store.Claim(context.Background(), id, c.now(), time.Second)
	if err == nil {
		err = c.store.Release(context.Background(), id, holder)
	}
	if err != nil {
		c.Fatal(err)
	}
	return m.Code
}

// memberOf is the first of these strings that a body has.
func memberOf(body string, names ...string) string {
	var all map[string]any
	_ = json.Unmarshal([]byte(body), &all)
	for _, name := range names {
		if s, _ := all[name].(string); s != "" {
			return s
		}
	}
	return ""
}
