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

// issuer is a real server that publishes keys, and a source that asks it by a
// clock of its own.
type issuer struct {
	*testing.T
	url    string
	source *jwks.Source
	asked  atomic.Int64

	mu    sync.Mutex
	clock time.Time
	serve http.HandlerFunc
}

func newIssuer(t *testing.T, body string) *issuer {
	t.Helper()
	i := &issuer{T: t, clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	i.says(body)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
		i.mu.Lock()
		serve := i.serve
		i.mu.Unlock()
		serve(w, r)
	}))
	t.Cleanup(server.Close)
	i.url = server.URL
	source, err := jwks.New(jwks.Options{URL: server.URL + "/keys", Loopback: true, Now: i.now})
	if err != nil {
		t.Fatal(err)
	}
	i.source = source
	return i
}

func (i *issuer) now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.clock
}

func (i *issuer) wait(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.clock = i.clock.Add(d)
}

func (i *issuer) does(serve http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.serve = serve
}

func (i *issuer) says(body string) {
	i.does(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
}

func (i *issuer) fails() { i.does(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }) }

// wantAsked compares how often the issuer was asked since the last time.
func (i *issuer) wantAsked(want int64) {
	i.Helper()
	if got := i.asked.Swap(0); got != want {
		i.Errorf("the issuer was asked %d times, want %d", got, want)
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func set(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

// with puts members into a key.
func with(key, members string) string { return strings.TrimSuffix(key, "}") + "," + members + "}" }

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
