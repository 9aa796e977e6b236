package federation_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/auth/federation"
)

var ctx = context.Background()

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// keyServer publishes keys over HTTP. It has a source of them, whose clock the test sets.
type keyServer struct {
	*testing.T
	url      string
	source   *federation.KeySource
	requests atomic.Int64
	passed   atomic.Int64 // nanoseconds since epoch
	handler  atomic.Pointer[http.HandlerFunc]
}

func newKeyServer(t *testing.T, body string) *keyServer {
	t.Helper()
	s := &keyServer{T: t}
	s.setBody(body)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		(*s.handler.Load())(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	now := func() time.Time { return epoch.Add(time.Duration(s.passed.Load())) }
	source, err := federation.NewKeySource(federation.KeySourceOptions{URL: s.url + "/keys", AllowLoopbackHTTP: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	s.source = source
	return s
}

func (s *keyServer) advance(d time.Duration) { s.passed.Add(int64(d)) }

func (s *keyServer) setHandler(serve http.HandlerFunc) { s.handler.Store(&serve) }

func (s *keyServer) setBody(body string) { s.setHandler(respond(http.StatusOK, body)) }

func (s *keyServer) setUnavailable() { s.setHandler(respond(http.StatusInternalServerError, "")) }

func respond(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func (s *keyServer) wantKey(kid string) {
	s.Helper()
	if key, err := s.source.Key(ctx, kid); err != nil || key == nil {
		s.Errorf("Key(%q) = %v, %v, want a key", kid, key, err)
	}
}

func (s *keyServer) wantError(kid string, want error) {
	s.Helper()
	if key, err := s.source.Key(ctx, kid); !errors.Is(err, want) || key != nil {
		s.Errorf("Key(%q) = %v, %v, want %v", kid, key, err, want)
	}
}

// wantRequests compares the number of requests since the last call.
func (s *keyServer) wantRequests(want int64) {
	s.Helper()
	if got := s.requests.Swap(0); got != want {
		s.Errorf("requests = %d, want %d", got, want)
	}
}

// signer is an external issuer with an RSA key of the id r and an EC key of the id e.
type signer struct {
	name string
	rsa  *rsa.PrivateKey
	ec   *ecdsa.PrivateKey
	keys auth.KeySource
}

func newSigner(t *testing.T, name string) *signer {
	t.Helper()
	s := &signer{name: name, rsa: newRSAKey(t), ec: newECKey(t)}
	set := jwkSet(
		withMembers(rsaJWK("r", s.rsa.N), `"use":"sig","alg":"RS256"`),
		ecJWK("e", &s.ec.PublicKey),
	)
	s.keys = newKeyServer(t, set).source
	return s
}

// sign signs any header and claims with the key for alg.
func (s *signer) sign(alg, header, claims string) string {
	input := b64(header) + "." + b64(claims)
	digest := sha256.Sum256([]byte(input))
	var sig []byte
	switch alg {
	case "RS256":
		sig, _ = rsa.SignPKCS1v15(nil, s.rsa, crypto.SHA256, digest[:])
	case "PS256":
		sig, _ = rsa.SignPSS(rand.Reader, s.rsa, crypto.SHA256, digest[:], nil)
	case "ES256":
		r, v, _ := ecdsa.Sign(rand.Reader, s.ec, digest[:])
		sig = make([]byte, 64)
		r.FillBytes(sig[:32])
		v.FillBytes(sig[32:])
	}
	return input + "." + b64(string(sig))
}

// token signs claims as a Cognito user pool does.
func (s *signer) token(claims string) string { return s.sign("RS256", cognitoHeader, claims) }

const (
	ownIssuer   = "https://cedula.example"
	ownClientID = "0123456789abcdef"

	cognitoURL    = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example"
	cognitoHeader = `{"kid":"r","alg":"RS256"}`
	externalID    = "4tclientofthepool"
	scopePrefix   = "https://registry.example/"
)

// cognito is a user pool as its documentation describes its tokens.
func cognito() federation.Issuer {
	return federation.Issuer{
		Issuer: cognitoURL, Algorithms: []string{auth.RS256}, TokenTypes: []string{""},
		RequiredClaims: map[string]string{"token_use": "access"},
		ClientIDs:      map[string]string{externalID: ownClientID}, ScopePrefix: scopePrefix,
	}
}

// claims are those of a Cognito access token for client credentials, each as JSON. Pairs of changes replace or add a
// claim, or remove it with "".
func (s *signer) claims(changes ...string) string {
	claims := map[string]string{
		"sub": quote(externalID), "client_id": quote(externalID), "token_use": `"access"`, "iss": quote(s.name), "version": "2", "jti": `"j"`,
		"auth_time": at(0), "iat": at(0), "exp": at(3600), "scope": quote(scopePrefix + "identity:read " + scopePrefix + "identity:delete openid"),
	}
	for pair := range slices.Chunk(changes, 2) {
		claims[pair[0]] = pair[1]
	}
	var members []string
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if claims[name] != "" {
			members = append(members, quote(name)+":"+claims[name])
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// at returns a time in the seconds of a claim.
func at(seconds int64) string { return fmt.Sprint(epoch.Unix() + seconds) }

// ownKey is the key of our own tokens.
var ownKey = sync.OnceValue(func() *auth.LocalKey {
	key, err := auth.NewLocalKey()
	if err != nil {
		panic(err)
	}
	return key
})

// newVerifier accepts the tokens of an own issuer and of an external one.
func newVerifier(t *testing.T, i federation.Issuer, keys auth.KeySource) *auth.Verifier {
	t.Helper()
	v := auth.NewVerifier(ownIssuer, "cedula", auth.KeySet{ownKey()})
	if err := i.AddTo(v, keys); err != nil {
		t.Fatal(err)
	}
	return v
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

func b64[T string | []byte](b T) string { return base64.RawURLEncoding.EncodeToString([]byte(b)) }

func jwkSet(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

// withMembers appends members to a JSON object.
func withMembers(object, members string) string {
	return strings.TrimSuffix(object, "}") + "," + members + "}"
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newRSAKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ecJWK(kid string, key *ecdsa.PublicKey) string {
	point, _ := key.Bytes()
	return fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":%q,"x":%q,"y":%q}`, kid, b64(point[1:33]), b64(point[33:]))
}

func newECJWK(t *testing.T, kid string) string {
	t.Helper()
	return ecJWK(kid, &newECKey(t).PublicKey)
}

func rsaJWK(kid string, n *big.Int) string {
	return fmt.Sprintf(`{"kty":"RSA","kid":%q,"n":%q,"e":"AQAB"}`, kid, b64(n.Bytes()))
}
