// Package operationtest_test runs every operation of both APIs and every job in this process, without HTTP: with each
// fault at each call of the table, within a budget of calls and units, and as benchmarks.
package operationtest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/invariants"
	"cedula/infra/openapi"
	"cedula/infra/privacytest"
	"cedula/infra/testenv"
	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/encryption"
	"cedula/shared/gateway"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
	"cedula/shared/table/pebble"
)

// containsPersonalData reports whether a text holds a part of a name, an address or a number that these tests store.
func containsPersonalData(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{"canary", "7317317", "5691234"}, func(c string) bool { return strings.Contains(text, c) })
}

var trialCount, violationCount atomic.Int64

// soakOr returns the larger count if the suite Soak runs.
func soakOr(few, many int) int {
	if testenv.Has(testenv.Soak) {
		return many
	}
	return few
}

func TestMain(m *testing.M) {
	code := privacytest.Run(m)
	fmt.Printf("%d cells: operations x calls x faults, %d broken invariants\n", trialCount.Load(), violationCount.Load())
	os.Exit(code)
}

// testEnv is both APIs on one table, which meets faults.
type testEnv struct {
	testing.TB
	injector      *faulttable.Injector
	checked       *invariants.Table
	store         *store.Store
	core          *registry.Registry
	conomy        *conomy.API
	blnk          *blnk.API
	authenticator *auth.Authenticator
	key           *auth.LocalKey               // of the tokens
	contracts     map[string]*openapi.Contract // by API
	tenants       int
	clockOffset   atomic.Int64 // how far the clock was moved
}

var secret = bytes.Repeat([]byte("s"), 32)

func openTable(t testing.TB) table.Table {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func newTestEnv(t testing.TB) *testEnv {
	t.Helper()
	key, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	e := &testEnv{TB: t, key: key, contracts: loadContracts()}
	e.checked = invariants.New(openTable(t), e.now)
	e.checked.Trusted = true
	e.injector = faulttable.NewInjector(e.checked)
	e.wire(e.injector)
	return e
}

// loadContracts reads the contracts of both APIs once.
var loadContracts = sync.OnceValue(func() map[string]*openapi.Contract {
	contracts := map[string]*openapi.Contract{}
	for name, files := range map[string]apidocs.Files{"conomy": apidocs.Conomy, "blnk": apidocs.Blnk} {
		contract, err := openapi.Load(files)
		if err != nil {
			panic(err)
		}
		contracts[name] = contract
	}
	return contracts
})

// wire builds both APIs on a table, as package boot does, with nothing cached.
func (e *testEnv) wire(t table.Table) {
	wrapper, err := encryption.NewLocalKeyWrapper(secret)
	if err != nil {
		e.Fatal(err)
	}
	hasher, keys := auth.NewHasher(secret), auth.KeySet{e.key}
	e.store = store.New(t, secret)
	e.core = &registry.Registry{Store: e.store, Cipher: encryption.NewFieldCipher(wrapper, e.now), Now: e.now, Random: rand.Reader}
	e.authenticator = &auth.Authenticator{Store: e.store, Hasher: hasher, CacheTTL: -1, Now: e.now, Tokens: auth.NewVerifier("i", "a", keys)}
	e.conomy = &conomy.API{
		Identities: e.core, Logins: e.authenticator, Reference: apidocs.Conomy, IssuerMetadata: auth.IssuerMetadata{Issuer: "i", Keys: keys},
		Tokens: &auth.Issuer{Signer: e.key, Issuer: "i", Audience: "a", TTL: time.Hour, Now: e.now},
	}
	e.blnk = &blnk.API{
		Identities: e.core, Health: e.store, Keys: &auth.KeyManager{Store: e.store, Hasher: hasher, Now: e.now},
		Cursors: blnk.NewCursorCodec(secret), Reference: apidocs.Blnk,
	}
}

func (e *testEnv) now() time.Time { return time.Now().Add(time.Duration(e.clockOffset.Load())) }

// report counts violations and fails the test with them.
func (e *testEnv) report(where string, violations ...string) {
	e.Helper()
	for _, v := range violations {
		violationCount.Add(1)
		e.Errorf("%s: %s", where, v)
	}
}

// trial is one attempt at an operation or a job, by a client with a tenant of its own.
type trial struct {
	*testEnv
	apiName         string
	tenant          string
	credentials     auth.Credentials
	caller          map[string]any
	identityID      string // of the identity in question
	other           string // what else the preparation made: another id, or a code
	queueShards     []int  // the shards of the pending index with identities of the tenant
	sender          *fakeSender
	failedAfterSend bool // the table failed after a message was sent
}

func (e *testEnv) newTrial(api string) *trial {
	e.Helper()
	e.tenants++
	e.clockOffset.Store(0)
	e.wire(e.injector)
	c := &trial{testEnv: e, apiName: api, tenant: fmt.Sprintf("tenant-%d", e.tenants), sender: &fakeSender{sent: map[string]int{}}}
	e.injector.SetPlan(nil)
	e.checked.Reset("C#")
	var err error
	admin := auth.Admin{AdminStore: e.store, Hasher: e.authenticator.Hasher, APIs: []auth.API{conomy.AuthAPI, blnk.AuthAPI}}
	_, c.credentials, err = admin.CreateClient(context.Background(), auth.ClientParams{Name: "test", Tenant: c.tenant, Scopes: auth.Scopes{auth.ScopeAll}, TestMode: true})
	if err != nil {
		e.Fatal(err)
	}
	id := c.credentials.ClientID
	c.caller = map[string]any{
		"tenant": c.tenant, "client": id, "key": c.credentials.Keys["blnk"][4:28], "scopes": auth.ScopeAll, "mode": "lenient", "expires": "0", "stage": "test",
	}
	e.checked.Reset("T#"+c.tenant+"#", "C#"+id, "L#"+id, "M#")
	return c
}

func (c *trial) api() gateway.API {
	if c.apiName == "blnk" {
		return c.blnk
	}
	return c.conomy
}

// request asks for an operation. In its parameter, query and body, $id stands for the trial's identity and $other for
// what else was made.
type request struct {
	operation          string // the name of its route
	param, query, body string // param: the path parameter that is not the identity's id
	key                string // Idempotency-Key
}

type reply struct {
	status int
	header http.Header
	body   string
}

var pathParameter = regexp.MustCompile(`\{\w+\}`)

// send calls the function of an operation as API Gateway does. The contract must declare every error.
func (c *trial) send(r request) reply {
	c.Helper()
	api := c.api()
	at := slices.IndexFunc(api.Routes(), func(route gateway.Route) bool { return route.Name == r.operation })
	if at < 0 {
		c.Fatalf("no route is named %s", r.operation)
	}
	route := api.Routes()[at]
	expand := strings.NewReplacer("$id", c.identityID, "$other", c.other, "$client", c.credentials.ClientID, "$secret", c.credentials.ClientSecret).Replace
	params := map[string]string{}
	path := pathParameter.ReplaceAllStringFunc(route.Path, func(name string) string {
		value := c.identityID
		if name != "{id}" {
			value = expand(r.param)
		}
		params[strings.Trim(name, "{}")] = value
		return value
	})
	query, err := url.ParseQuery(expand(r.query))
	if err != nil {
		c.Fatal(err)
	}
	header := http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {c.credentials.Keys["conomy"]}}
	if r.key != "" {
		header.Set("Idempotency-Key", r.key)
	}
	response, err := gateway.Handler(api, route)(context.Background(), events.APIGatewayProxyRequest{
		Resource: route.Path, Path: path, HTTPMethod: route.Method, Body: expand(r.body), PathParameters: params,
		MultiValueQueryStringParameters: query, MultiValueHeaders: header,
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "trace", Authorizer: c.caller},
	})
	if err != nil {
		c.Fatal(err)
	}
	got := openapi.Response{Status: response.StatusCode, Header: response.MultiValueHeaders, Body: []byte(response.Body)}
	if got.Status >= 400 {
		if err := c.contracts[c.apiName].Check(route.Method, route.Path, got); err != nil {
			c.Errorf("%s: %v", r.operation, err)
		}
	}
	return reply{response.StatusCode, response.MultiValueHeaders, response.Body}
}

// mustSend sends a request that must succeed. It returns a field of the response, or "" if field is empty.
func (c *trial) mustSend(r request, field string) string {
	c.Helper()
	a := c.send(r)
	if a.status >= 300 {
		c.Fatalf("%s: status = %d, want success: %s", r.operation, a.status, a.body)
	}
	return firstString(a.body, field)
}

// firstString returns the first of these fields of a JSON object that is a string.
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

// queuedMessage returns the id of the one message in the outbox.
func (c *trial) queuedMessage() string {
	c.Helper()
	queued := c.checked.Messages()
	if len(queued) != 1 {
		c.Fatalf("%d messages are queued, want 1", len(queued))
	}
	return strings.TrimPrefix(queued[0], store.PrefixMessage)
}
