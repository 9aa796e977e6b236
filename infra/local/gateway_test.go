package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"cedula/infra/local/datadir"
	"cedula/shared/auth"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
)

// TestBudget counts the table's calls and units for the documented request. The README promises these figures: a change
// here is a change of price.
func TestBudget(t *testing.T) {
	f := newFixture(t)
	headers := f.conomyHeaders(t)
	identities := f.conomy + "/identities"
	var id string
	for _, step := range []struct {
		name string
		do   func()
		want faulttable.Calls
	}{
		{"authorizer, cold", func() { call(t, "GET", identities+"/%20", "", headers...) }, faulttable.Calls{Get: 1, Units: table.Units{Read: 2}}},
		{"authorizer, warm", func() { call(t, "GET", identities+"/%20", "", headers...) }, faulttable.Calls{}},
		{
			"create, the documented body",
			func() { id = call(t, "POST", identities, documentedBody(), headers...).field(t, "id") },
			faulttable.Calls{Write: 1, Units: table.Units{Write: 8}},
		},
		{"create with an idempotency key", func() { _, _ = f.create(headers, 1, 1) }, faulttable.Calls{Write: 1, Units: table.Units{Write: 10}}},
		{"replay", func() { _, _ = f.create(headers, 1, 1) }, faulttable.Calls{Write: 1}},
		{"fetch", func() { call(t, "GET", identities+"/"+id, "", headers...) }, faulttable.Calls{Get: 1, Units: table.Units{Read: 1}}},
		{"fetch, absent", func() { call(t, "GET", identities+"/absent", "", headers...) }, faulttable.Calls{Get: 1, Units: table.Units{Read: 1}}},
	} {
		f.tableCalls.Reset()
		step.do()
		if got := f.tableCalls.Reset(); got != step.want {
			t.Errorf("%s: calls = %+v, want %+v", step.name, got, step.want)
		}
	}
}

// TestClientLimitsSpanBothAPIs: both APIs count a client's calls together and reject in their own words; other clients
// are not limited.
func TestClientLimitsSpanBothAPIs(t *testing.T) {
	f := newFixture(t)
	now := time.Now()
	f.clock = func() time.Time { return now }
	limited := f.as(f.createClient(t, auth.ClientParams{Scopes: auth.Scopes{auth.ScopeAll}, Limits: auth.Limits{Rate: 2, Burst: 3, Quota: 7}}))
	headers := limited.conomyHeaders(t)
	want := func(a httpResponse, status int, retryAfter, text string) {
		t.Helper()
		a.want(t, status, text)
		if got := a.header.Get("Retry-After"); got != retryAfter {
			t.Errorf("Retry-After = %q, want %q", got, retryAfter)
		}
	}
	blnk := func(s *server) httpResponse { return call(t, "GET", f.blnk+"/identities/x", "", s.blnkHeaders()...) }
	conomy := func() httpResponse { return call(t, "GET", f.conomy+"/identities/x", "", headers...) }
	want(blnk(limited), 404, "", "IDT_NOT_FOUND")
	want(conomy(), 404, "", "notFound")
	want(blnk(limited), 404, "", "IDT_NOT_FOUND")
	f.tableCalls.Reset()
	want(blnk(limited), 429, "1", "GEN_RATE_LIMITED")
	want(conomy(), 429, "1", `"code":"32"`)
	if got := f.tableCalls.Reset(); got != (faulttable.Calls{}) {
		t.Errorf("calls of a rejected request = %+v, want none", got)
	}
	want(blnk(f.server), 404, "", "IDT_NOT_FOUND")
	now = now.Add(time.Second)
	want(blnk(limited), 404, "", "IDT_NOT_FOUND")
	want(blnk(limited), 404, "", "IDT_NOT_FOUND")
	want(blnk(limited), 429, "1", "GEN_RATE_LIMITED")
	now = now.Add(2 * time.Second)
	want(blnk(limited), 404, "", "IDT_NOT_FOUND")
	want(conomy(), 404, "", "notFound")
	want(blnk(limited), 429, "3600", "GEN_RATE_LIMITED")
	want(call(t, "GET", f.conomy+"/docs", ""), 200, "", "redoc") // a public route is not limited
}

// TestRevocationsTakeEffect: with every cache warm, what an operator revokes is rejected within the time that the operator
// is told.
func TestRevocationsTakeEffect(t *testing.T) {
	for name, tt := range map[string]struct {
		end              func(ctx context.Context, a *auth.Admin, c datadir.Credentials) error
		conomyOK, blnkOK bool
	}{
		"a key of the Blnk API": {func(ctx context.Context, a *auth.Admin, c datadir.Credentials) error {
			_, err := a.RevokeKey(ctx, c.BlnkKey[4:28])
			return err
		}, true, false},
		"a key of the Conomy API": {func(ctx context.Context, a *auth.Admin, c datadir.Credentials) error {
			_, err := a.RevokeKey(ctx, c.ConomyKey[4:28])
			return err
		}, false, true},
		"a client": {func(ctx context.Context, a *auth.Admin, c datadir.Credentials) error {
			_, err := a.SetSuspended(ctx, c.ClientID, true)
			return err
		}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			now := time.Now()
			f.clock = func() time.Time { return now }
			headers := f.conomyHeaders(t)
			accepted := func() (conomy, blnk bool) {
				conomy = call(t, "GET", f.conomy+"/identities/x", "", headers...).status == 404
				blnk = call(t, "GET", f.blnk+"/identities/x", "", f.blnkHeaders()...).status == 404
				return conomy, blnk
			}
			accepted() // fills the authorizers' caches
			now = now.Add(auth.DefaultCacheTTL - time.Second)
			accepted() // fills the gateways' just before the authorizers' expire
			a := &auth.Admin{AdminStore: f.store, Hasher: auth.NewHasher(f.data.Secret), Now: f.clock}
			if err := tt.end(t.Context(), a, f.credentials); err != nil {
				t.Fatal(err)
			}
			if conomy, blnk := accepted(); !conomy || !blnk {
				t.Fatalf("accepted with warm caches = %t, %t, want both", conomy, blnk)
			}
			now = now.Add(auth.RevocationDelay)
			if conomy, blnk := accepted(); conomy != tt.conomyOK || blnk != tt.blnkOK {
				t.Errorf("accepted after the delay = %t, %t, want %t, %t", conomy, blnk, tt.conomyOK, tt.blnkOK)
			}
		})
	}
}

// TestReplacedSecretIsRejected: no cache holds a secret. A token that the old one obtained stays valid for its hour.
func TestReplacedSecretIsRejected(t *testing.T) {
	f := newFixture(t)
	old := f.token(t)
	a := &auth.Admin{AdminStore: f.store, Hasher: auth.NewHasher(f.data.Secret), Now: time.Now}
	_, fresh, _, err := a.RotateSecret(t.Context(), f.credentials.ClientID, auth.Rotation{})
	if err != nil {
		t.Fatal(err)
	}
	login := func(secret string) httpResponse {
		return call(t, "POST", f.conomy+"/auth", `{"clientId":"`+f.credentials.ClientID+`","clientSecret":"`+secret+`"}`, "X-Api-Key", f.credentials.ConomyKey)
	}
	login(f.credentials.ClientSecret).want(t, 401)
	login(fresh).want(t, 200)
	f.fetchWith(t, old).want(t, 404)
}

// TestGatewayErrorsHaveTheShapeOfTheAPI: responses that no operation gives.
func TestGatewayErrorsHaveTheShapeOfTheAPI(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct {
		method, path string
		conomy, blnk int
	}{
		{"GET", "/nothing", 404, 404},
		{"GET", "/identities/x/nothing", 404, 404},
		{"PATCH", "/identities", 404, 405},
		{"GET", "/identities/", 404, 404},
		{"POST", "/", 404, 405},
		{"GET", "/sandbox", 404, 404},
		{"GET", "/identities/a%2Fb%2Fc", 401, 401},
	} {
		a := call(t, tt.method, f.conomy+tt.path, "")
		a.want(t, tt.conomy, `"type":"`)
		if got := a.header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s %s: Cache-Control = %q, want no-store", tt.method, tt.path, got)
		}
		call(t, tt.method, f.blnk+tt.path, "").want(t, tt.blnk, `"error_detail":{"code":"`)
	}
	for _, id := range []string{"a%00b", "%ff", "%25zz", "a%20b", "juan@example.com", strings.Repeat("a", 65), "%2e%2e", "id;x=1", "é"} {
		call(t, "GET", f.blnk+"/identities/"+id, "", f.blnkHeaders()...).want(t, 404, "IDT_NOT_FOUND")
	}
	const sizes = 11 << 20
	big := `{"name":"` + strings.Repeat("a", sizes) + `"}`
	for body, want := range map[string]string{big: "ody is too large", big[:2<<20]: "1 MiB", "{\"country\":\"\xff\"}": "valid UTF-8"} {
		status := 413
		if len(body) < 1<<20 {
			status = 400
		}
		call(t, "POST", f.blnk+"/identities", body, f.blnkHeaders()...).want(t, status, want)
	}
}

// TestLargeBodiesCostLittleMemory sends bodies of nearly 10 MB concurrently, with and without credentials.
func TestLargeBodiesCostLittleMemory(t *testing.T) {
	const bodies, limit, large, tooLarge = 60, 400 << 20, 10_000_000, 10<<20 + 1
	s := startServer(t, t.TempDir())
	before := s.memory(t, "VmHWM")
	conomy, blnk := s.conomyHeaders(t), s.blnkHeaders()
	for _, tt := range []struct {
		name, url string
		headers   []string
		length    int64 // -1: not told
		size      int64
		status    int
	}{
		{"unknown route", s.conomy + "/nothing", nil, large, large, 404},
		{"no credentials", s.conomy + "/identities", nil, large, large, 401},
		{"no credentials, length not told", s.blnk + "/identities", nil, -1, large, 401},
		{"garbage key", s.blnk + "/identities", []string{"X-Blnk-Key", "garbage"}, large, large, 401},
		{"public route", s.conomy + "/auth", nil, large, large, 413},
		{"public route, length not told", s.conomy + "/auth", nil, -1, large, 413},
		{"client", s.conomy + "/identities", conomy, -1, large, 413},
		{"client, above the gateway's limit", s.blnk + "/identities", blnk, -1, tooLarge, 413},
		{"above the gateway's limit", s.blnk + "/identities", nil, tooLarge, tooLarge, 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			parallel(bodies, bodies, func(int) { sendLarge(t, tt.url, tt.headers, tt.length, tt.size, tt.status) })
			t.Logf("peak %d MB", s.memory(t, "VmHWM")>>20)
		})
	}
	if grown := s.memory(t, "VmHWM") - before; grown > limit {
		t.Errorf("peak memory grew by %d MB, want at most %d", grown>>20, limit>>20)
	}
}

// sendLarge keeps nothing of the body in this process either.
func sendLarge(t *testing.T, url string, headers []string, length, size int64, want int) {
	r, err := http.NewRequest(http.MethodPost, url, io.LimitReader(spaces{}, size))
	if err != nil {
		t.Error(err)
		return
	}
	r.ContentLength = length
	setHeaders(r, headers)
	response, err := httpClient.Do(r)
	if err != nil {
		t.Error(err)
		return
	}
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if response.StatusCode != want {
		t.Errorf("status = %d, want %d: %.200s", response.StatusCode, want, body)
	}
}

// spaces is an endless text of spaces.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// memory returns a figure of the server's memory, in bytes: VmRSS now, VmHWM at the peak.
func (s *server) memory(t *testing.T, name string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Skipf("the system does not show another process's memory: %v", err)
	}
	kB, err := strconv.Atoi(string(regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(status)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kB << 10
}
