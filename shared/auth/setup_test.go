package auth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/infra/privacytest"
	"cedula/shared/auth"
)

func TestMain(m *testing.M) { os.Exit(privacytest.Run(m)) }

var ctx = context.Background()

// memoryStore is a Store that counts its calls, but for those that register.
type memoryStore struct {
	auth.AdminStore // nil: what is not implemented below is not called

	mu         sync.Mutex
	clients    map[string]auth.Client
	keys       map[string]auth.Key
	failures   map[string]auth.FailureWindow
	reads      int
	writes     int // of failures
	fail       error
	beforeRead func(context.Context) error // runs inside a read, outside the lock

	recordErr error // what Count returns
}

func newMemoryStore() *memoryStore {
	return &memoryStore{clients: map[string]auth.Client{}, keys: map[string]auth.Key{}, failures: map[string]auth.FailureWindow{}}
}

// unknownClientsCounter counts for all ids that no client has.
const unknownClientsCounter = "?"

func (m *memoryStore) CredentialsWithFailures(ctx context.Context, client, keyID string) (auth.Client, auth.Key, auth.FailureWindow, error) {
	c, k, err := m.Credentials(ctx, client, keyID)
	m.mu.Lock()
	defer m.mu.Unlock()
	if errors.Is(err, auth.ErrNotFound) {
		client = unknownClientsCounter
	}
	f := m.failures[client]
	f.CounterID = client
	return c, k, f, err
}

func (m *memoryStore) RecordFailure(_ context.Context, f auth.FailureWindow) (auth.FailureWindow, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if there := m.failures[f.CounterID]; there.Version != f.Version {
		return there, auth.ErrVersionMismatch
	}
	f.Version++
	m.failures[f.CounterID] = f
	return f, m.recordErr
}

func (m *memoryStore) Credentials(ctx context.Context, client, keyID string) (auth.Client, auth.Key, error) {
	m.mu.Lock()
	m.reads++
	before := m.beforeRead
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
		return auth.Client{}, auth.Key{}, auth.ErrNotFound
	}
	return c, k, nil
}

func (m *memoryStore) CreateClient(_ context.Context, c auth.Client, keys ...auth.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.clients[c.ID]; taken {
		return auth.ErrAlreadyExists
	}
	m.clients[c.ID] = c
	for _, k := range keys {
		m.keys[k.ID] = k
	}
	return m.fail
}

func (m *memoryStore) CreateKey(_ context.Context, k auth.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if _, known := m.clients[k.Client]; !known {
		return auth.ErrNotFound
	}
	m.keys[k.ID] = k
	return m.fail
}

func (m *memoryStore) Keys(_ context.Context, client string) (c auth.Client, list []auth.Key, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	c, known := m.clients[client]
	if !known {
		return c, nil, auth.ErrNotFound
	}
	for _, k := range m.keys {
		if k.Client == client {
			list = append(list, k)
		}
	}
	return c, list, m.fail
}

func (m *memoryStore) RevokeKey(_ context.Context, _, id string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	k, known := m.keys[id]
	if !known {
		return auth.ErrNotFound
	}
	k.Revoked = at
	m.keys[id] = k
	return m.fail
}

func (m *memoryStore) callCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reads
}

// fixture is a deployment with one registered client and a clock that stands still.
type fixture struct {
	store         *memoryStore
	now           time.Time
	hasher        auth.Hasher
	signer        *auth.LocalKey
	issuer        *auth.Issuer
	authenticator *auth.Authenticator
	admin         *auth.Admin
	client        auth.Client
	credentials   auth.Credentials
}

var (
	conomyAPI = auth.API{Name: "conomy", KeyPrefix: "cak"}
	blnkAPI   = auth.API{Name: "blnk", KeyPrefix: "cbk"}
	apis      = []auth.API{conomyAPI, blnkAPI}
)

const (
	issuer   = "https://cedula.example"
	audience = "cedula"
)

func newFixture(t testing.TB) *fixture {
	t.Helper()
	signer, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	w := &fixture{store: newMemoryStore(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), signer: signer}
	w.hasher = auth.NewHasher([]byte(strings.Repeat("s", 32)))
	clock := func() time.Time { return w.now }
	w.issuer = &auth.Issuer{Signer: signer, Issuer: issuer, Audience: audience, Now: clock}
	verifier := auth.NewVerifier(issuer, audience, auth.KeySet{signer})
	w.authenticator = &auth.Authenticator{Store: w.store, Hasher: w.hasher, Tokens: verifier, Now: clock}
	w.admin = &auth.Admin{AdminStore: w.store, Hasher: w.hasher, APIs: apis, Now: clock}
	w.client, w.credentials = w.createClient(t, "acme", auth.ScopeIdentityRead, auth.ScopeIdentityWrite)
	return w
}

func (w *fixture) createClient(t testing.TB, tenant string, scopes ...string) (auth.Client, auth.Credentials) {
	t.Helper()
	n := auth.ClientParams{Name: "Acme", Tenant: tenant, Scopes: scopes}
	c, shown, err := w.admin.CreateClient(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	return c, shown
}

func (w *fixture) token(t testing.TB) string {
	t.Helper()
	token, _, err := w.issuer.Issue(ctx, w.client)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// updateStored edits the stored client and the stored key that a text names.
func (w *fixture) updateStored(text string, edit func(*auth.Client, *auth.Key)) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	id := text[4:28]
	c, k := w.store.clients[id[:16]], w.store.keys[id]
	edit(&c, &k)
	w.store.clients[id[:16]], w.store.keys[id] = c, k
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// withChecksum puts the right check behind a key's body, by the grammar's own words.
func withChecksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body)) >> 2
	c := make([]byte, 6)
	for i := 5; i >= 0; i, sum = i-1, sum>>5 {
		c[i] = alphabet[sum&31]
	}
	return body + string(c)
}

// withWrongSecret returns the same key with another secret: well formed, known id.
func withWrongSecret(key string) string {
	other := byte('0')
	if key[40] == '0' {
		other = '1'
	}
	return withChecksum(key[:40] + string(other) + key[41:61])
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// signToken signs any header and claims as an issuer would.
func (w *fixture) signToken(header, claims string) string {
	return w.signInput(b64(header) + "." + b64(claims))
}

func (w *fixture) signInput(signed string) string {
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
