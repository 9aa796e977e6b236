package auth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/shared/auth"
)

var ctx = context.Background()

// memory is a Store that counts its calls, but for those that register.
type memory struct {
	mu      sync.Mutex
	clients map[string]auth.Client
	keys    map[string]auth.Key
	failed  map[string]auth.Failures
	reads   int
	writes  int // of failures
	fail    error
	before  func(context.Context) error // runs inside a read, outside the lock

	uncounted error // what Count returns
}

func newMemory() *memory {
	return &memory{clients: map[string]auth.Client{}, keys: map[string]auth.Key{}, failed: map[string]auth.Failures{}}
}

// nobody counts for all ids that no client has.
const nobody = "?"

func (m *memory) Attempt(ctx context.Context, client, keyID string) (auth.Client, auth.Key, auth.Failures, error) {
	c, k, err := m.Credentials(ctx, client, keyID)
	m.mu.Lock()
	defer m.mu.Unlock()
	if errors.Is(err, auth.ErrUnknown) {
		client = nobody
	}
	f := m.failed[client]
	f.Counter = client
	return c, k, f, err
}

func (m *memory) Count(_ context.Context, f auth.Failures) (auth.Failures, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if there := m.failed[f.Counter]; there.Version != f.Version {
		return there, auth.ErrExists
	}
	f.Version++
	m.failed[f.Counter] = f
	return f, m.uncounted
}

func (m *memory) Credentials(ctx context.Context, client, keyID string) (auth.Client, auth.Key, error) {
	m.mu.Lock()
	m.reads++
	before := m.before
	m.mu.Unlock()
	if before != nil {
		if err := before(ctx); err != nil {
			return auth.Client{}, auth.Key{}, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c, known := m.clients[client]
	k, opens := m.keys[keyID]
	switch {
	case m.fail != nil:
		return auth.Client{}, auth.Key{}, m.fail
	case !known || !opens:
		return auth.Client{}, auth.Key{}, auth.ErrUnknown
	}
	return c, k, nil
}

func (m *memory) CreateClient(_ context.Context, c auth.Client, keys ...auth.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.clients[c.ID]; taken {
		return auth.ErrExists
	}
	m.clients[c.ID] = c
	for _, k := range keys {
		m.keys[k.ID] = k
	}
	return m.fail
}

func (m *memory) CreateKey(_ context.Context, k auth.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if _, known := m.clients[k.Client]; !known {
		return auth.ErrUnknown
	}
	m.keys[k.ID] = k
	return m.fail
}

func (m *memory) Keys(_ context.Context, client string) (c auth.Client, list []auth.Key, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	c, known := m.clients[client]
	if !known {
		return c, nil, auth.ErrUnknown
	}
	for _, k := range m.keys {
		if k.Client == client {
			list = append(list, k)
		}
	}
	return c, list, m.fail
}

func (m *memory) RevokeKey(_ context.Context, _, id string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	k, known := m.keys[id]
	if !known {
		return auth.ErrUnknown
	}
	k.Revoked = at
	m.keys[id] = k
	return m.fail
}

func (m *memory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reads
}

// world is a deployment with one registered client and a clock that stands still.
type world struct {
	store  *memory
	now    time.Time
	hasher auth.Hasher
	signer *auth.LocalKey
	issuer *auth.Issuer
	guard  *auth.Guard
	client auth.Client
	shown  auth.Credentials
}

const (
	issuer   = "https://cedula.example"
	audience = "cedula"
)

func newWorld(t testing.TB) *world {
	t.Helper()
	signer, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{store: newMemory(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), signer: signer}
	w.hasher = auth.NewHasher([]byte(strings.Repeat("s", 32)))
	clock := func() time.Time { return w.now }
	w.issuer = &auth.Issuer{Signer: signer, Issuer: issuer, Audience: audience, Now: clock}
	verifier := auth.NewVerifier(issuer, audience, auth.Ring{signer})
	w.guard = &auth.Guard{Store: w.store, Hasher: w.hasher, Tokens: verifier, Now: clock}
	w.client, w.shown = w.register(t, "acme", auth.ScopeIdentityRead, auth.ScopeIdentityWrite)
	return w
}

func (w *world) register(t testing.TB, tenant string, scopes ...string) (auth.Client, auth.Credentials) {
	t.Helper()
	n := auth.NewClient{Name: "Acme", Tenant: tenant, Scopes: scopes}
	c, shown, err := auth.Register(ctx, w.store, w.hasher, n, w.now)
	if err != nil {
		t.Fatal(err)
	}
	return c, shown
}

func (w *world) token(t testing.TB) string {
	t.Helper()
	token, _, err := w.issuer.Issue(ctx, w.client)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// change edits the stored client and the stored key that a text names.
func (w *world) change(text string, edit func(*auth.Client, *auth.Key)) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	id := text[4:28]
	c, k := w.store.clients[id[:16]], w.store.keys[id]
	edit(&c, &k)
	w.store.clients[id[:16]], w.store.keys[id] = c, k
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// sealed puts the right check behind a key's body, by the grammar's own words.
func sealed(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body)) >> 2
	c := make([]byte, 6)
	for i := 5; i >= 0; i, sum = i-1, sum>>5 {
		c[i] = alphabet[sum&31]
	}
	return body + string(c)
}

// wrong returns the same key with another secret: well formed, known id.
func wrong(key string) string {
	other := byte('0')
	if key[40] == '0' {
		other = '1'
	}
	return sealed(key[:40] + string(other) + key[41:61])
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// forged signs any header and claims as an issuer would.
func (w *world) forged(header, claims string) string {
	return w.sealToken(b64(header) + "." + b64(claims))
}

func (w *world) sealToken(signed string) string {
	digest := sha256.Sum256([]byte(signed))
	sig, err := w.signer.Sign(ctx, digest[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + b64(string(sig))
}

// serveText is a real server that answers every request with a text.
func serveText(t testing.TB, body string) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
	t.Cleanup(server.Close)
	return server.URL
}
