package local

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"cedula/infra/local/admin"
	"cedula/shared/auth"
	"cedula/shared/table/faulttable"
)

// TestClientLimitsSpanBothAPIs: both APIs count a client's calls together and reject in their own words; other clients
// are not limited.
func TestClientLimitsSpanBothAPIs(t *testing.T) {
	f := newFixture(t)
	now := time.Now()
	f.clock = func() time.Time { return now }
	limited := f.as(f.createClient(t, auth.ClientParams{Scopes: auth.Scopes{auth.ScopeAll}, Limits: auth.Limits{Rate: 2, Burst: 3, Quota: 7}}))
	headers := limited.conomyHeaders(t)
	blnk := func() httpResponse { return call(t, "GET", f.blnk+"/identities/x", "", limited.blnkHeaders()...) }
	conomy := func() httpResponse { return call(t, "GET", f.conomy+"/identities/x", "", headers...) }
	for n, step := range []struct {
		call       func() httpResponse
		status     int
		retryAfter string
		text       string
		then       time.Duration // passes before the next call
	}{
		{blnk, 404, "", "IDT_NOT_FOUND", 0},
		{conomy, 404, "", "notFound", 0},
		{blnk, 404, "", "IDT_NOT_FOUND", 0},
		{blnk, 429, "1", "GEN_RATE_LIMITED", 0},
		{conomy, 429, "1", `"code":"32"`, time.Second},
		{blnk, 404, "", "IDT_NOT_FOUND", 0},
		{blnk, 404, "", "IDT_NOT_FOUND", 0},
		{blnk, 429, "1", "GEN_RATE_LIMITED", 2 * time.Second},
		{blnk, 404, "", "IDT_NOT_FOUND", 0},
		{conomy, 404, "", "notFound", 0},
		{blnk, 429, "3600", "GEN_RATE_LIMITED", 0},
	} {
		f.tableCalls.Reset()
		a := step.call()
		a.want(t, step.status, step.text)
		if got := a.header.Get("Retry-After"); got != step.retryAfter {
			t.Errorf("call %d: Retry-After = %q, want %q", n, got, step.retryAfter)
		}
		if got := f.tableCalls.Reset(); step.status == 429 && got != (faulttable.Calls{}) {
			t.Errorf("call %d: calls of the table for a rejected request = %+v, want none", n, got)
		}
		now = now.Add(step.then)
	}
	call(t, "GET", f.blnk+"/identities/x", "", f.blnkHeaders()...).want(t, 404, "IDT_NOT_FOUND")
	call(t, "GET", f.conomy+"/docs", "").want(t, 200, "redoc") // a public route is not limited
}

// TestRevocationsTakeEffect: with every cache warm, what an operator revokes is rejected within the time that the operator
// is told.
func TestRevocationsTakeEffect(t *testing.T) {
	revoke := func(t *testing.T, f *fixture, key string) error {
		_, err := f.admin().RevokeKey(t.Context(), admin.Revocation{ID: key[4:28]})
		return err
	}
	for name, tt := range map[string]struct {
		end              func(*testing.T, *fixture) error
		conomyOK, blnkOK bool
	}{
		"a key of the Blnk API":   {func(t *testing.T, f *fixture) error { return revoke(t, f, f.credentials.BlnkKey) }, true, false},
		"a key of the Conomy API": {func(t *testing.T, f *fixture) error { return revoke(t, f, f.credentials.ConomyKey) }, false, true},
		"a client": {func(t *testing.T, f *fixture) error {
			_, err := f.admin().Suspend(t.Context(), admin.Suspension{ID: f.credentials.ClientID})
			return err
		}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			now := time.Now()
			f.clock = func() time.Time { return now }
			headers := f.conomyHeaders(t)
			wantAccepted := func(conomy, blnk bool) {
				t.Helper()
				gotConomy := call(t, "GET", f.conomy+"/identities/x", "", headers...).status == 404
				gotBlnk := call(t, "GET", f.blnk+"/identities/x", "", f.blnkHeaders()...).status == 404
				if gotConomy != conomy || gotBlnk != blnk {
					t.Errorf("accepted by Conomy's API and Blnk's = %t, %t, want %t, %t", gotConomy, gotBlnk, conomy, blnk)
				}
			}
			wantAccepted(true, true) // fills the authorizers' caches
			now = now.Add(auth.DefaultCacheTTL - time.Second)
			wantAccepted(true, true) // fills the gateways' just before the authorizers' expire
			if err := tt.end(t, f); err != nil {
				t.Fatal(err)
			}
			wantAccepted(true, true) // from the caches
			now = now.Add(auth.RevocationDelay)
			wantAccepted(tt.conomyOK, tt.blnkOK)
		})
	}
}

func TestTokenOutlivesTheSecret(t *testing.T) {
	f := newFixture(t)
	token := f.token(t)
	if _, err := f.admin().RotateSecret(t.Context(), admin.Rotation{ID: f.credentials.ClientID}); err != nil {
		t.Fatal(err)
	}
	f.login(t).want(t, 401)
	f.fetchWith(t, token).want(t, 404)
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
	for _, id := range []string{"a%00b", "%ff", "%25zz", "a%20b", "%2e%2e", "id;x=1", "é"} {
		call(t, "GET", f.blnk+"/identities/"+id, "", f.blnkHeaders()...).want(t, 404, "IDT_NOT_FOUND")
	}
	call(t, "POST", f.blnk+"/identities", "{\"country\":\"\xff\"}", f.blnkHeaders()...).want(t, 400, "valid UTF-8")
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
			parallel(bodies, bodies, func(int) {
				r, err := http.NewRequest(http.MethodPost, tt.url, io.LimitReader(spaces{}, tt.size))
				if err != nil {
					t.Error(err)
					return
				}
				r.ContentLength = tt.length
				a, err := do(r, tt.headers)
				if err != nil || a.status != tt.status {
					t.Errorf("response = %v, %d %.200s, want status %d", err, a.status, a.body, tt.status)
				}
			})
			t.Logf("peak %d MB", s.memory(t, "VmHWM")>>20)
		})
	}
	if grown := s.memory(t, "VmHWM") - before; grown > limit {
		t.Errorf("peak memory grew by %d MB, want at most %d", grown>>20, limit>>20)
	}
}

// spaces is an endless text of spaces, of which this process keeps nothing.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte(" "), len(p))), nil }

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
