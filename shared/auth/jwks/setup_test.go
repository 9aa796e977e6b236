package jwks_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cedula/shared/auth/jwks"
)

var ctx = context.Background()

// testIssuer is a real server that publishes keys, and a source that asks it by a
// clock of its own.
type testIssuer struct {
	*testing.T
	url      string
	source   *jwks.Source
	requests atomic.Int64

	mu      sync.Mutex
	clock   time.Time
	handler http.HandlerFunc
}

func newTestIssuer(t *testing.T, body string) *testIssuer {
	t.Helper()
	i := &testIssuer{T: t, clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	i.setBody(body)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.requests.Add(1)
		i.mu.Lock()
		serve := i.handler
		i.mu.Unlock()
		serve(w, r)
	}))
	t.Cleanup(server.Close)
	i.url = server.URL
	source, err := jwks.New(jwks.Options{URL: server.URL + "/keys", AllowLoopbackHTTP: true, Now: i.now})
	if err != nil {
		t.Fatal(err)
	}
	i.source = source
	return i
}

func (i *testIssuer) now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.clock
}

func (i *testIssuer) advance(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.clock = i.clock.Add(d)
}

func (i *testIssuer) setHandler(serve http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.handler = serve
}

func (i *testIssuer) setBody(body string) {
	i.setHandler(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
}

func (i *testIssuer) setUnavailable() {
	i.setHandler(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
}

// wantRequests compares how often the issuer was asked since the last time.
func (i *testIssuer) wantRequests(want int64) {
	i.Helper()
	if got := i.requests.Swap(0); got != want {
		i.Errorf("the issuer was asked %d times, want %d", got, want)
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func jwkSet(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

// withMembers puts members into a key.
func withMembers(key, members string) string {
	return strings.TrimSuffix(key, "}") + "," + members + "}"
}

func ecKey(t testing.TB, kid string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, _ := key.PublicKey.Bytes()
	return fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":%q,"x":%q,"y":%q}`, kid, b64(point[1:33]), b64(point[33:]))
}

func rsaKey(t testing.TB, kid string, bits int) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"kty":"RSA","kid":%q,"n":%q,"e":"AQAB"}`, kid, b64(key.N.Bytes()))
}

// modulus is a number of so many bits, odd unless told.
func modulus(bits int, last uint) string {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return b64(n.SetBit(n, 0, last).Bytes())
}
