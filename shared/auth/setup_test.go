package auth_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash/crc32"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"cedula/infra/privacytest"
	"cedula/shared/auth"
	"cedula/shared/store"
	"cedula/shared/table/pebble"
)

func TestMain(m *testing.M) { os.Exit(privacytest.Run(m)) }

const (
	issuer   = "https://cedula.example"
	audience = "cedula"
	alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
)

var (
	ctx   = context.Background()
	epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

	conomyAPI = auth.API{Name: "conomy", KeyPrefix: "cak"}
	blnkAPI   = auth.API{Name: "blnk", KeyPrefix: "cbk"}
	blnkKeys  = auth.KeyFilter{API: blnkAPI.Name}

	errDown = errors.New("down")
)

// memoryStore is a Store that counts its calls, except those that create clients.
type memoryStore struct {
	auth.AdminStore // nil: the tests call nothing that is not implemented below

	mu        sync.Mutex
	clients   map[string]auth.Client
	keys      map[string]auth.Key
	failures  map[string]auth.FailureWindow
	calls     int           // other than RecordFailure
	writes    int           // of failures
	err       error         // of every call
	recordErr error         // of RecordFailure
	delay     time.Duration // of Credentials
}

// lock also counts a call.
func (m *memoryStore) lock() (unlock func()) {
	m.mu.Lock()
	m.calls++
	return m.mu.Unlock
}

func (m *memoryStore) Credentials(_ context.Context, client, keyID string) (auth.Client, auth.Key, error) {
	time.Sleep(m.delay)
	defer m.lock()()
	c, clientErr := find(m.clients, client)
	k, keyErr := find(m.keys, keyID)
	if err := cmp.Or(m.err, clientErr, keyErr); err != nil {
		return auth.Client{}, auth.Key{}, err
	}
	return c, k, nil
}

func (m *memoryStore) CredentialsWithFailures(ctx context.Context, client, keyID string) (auth.Client, auth.Key, auth.FailureWindow, error) {
	c, k, err := m.Credentials(ctx, client, keyID)
	m.mu.Lock()
	defer m.mu.Unlock()
	if errors.Is(err, auth.ErrNotFound) {
		client = "unknown clients"
	}
	f := m.failures[client]
	f.CounterID = client
	return c, k, f, err
}

func (m *memoryStore) RecordFailure(_ context.Context, f auth.FailureWindow) (auth.FailureWindow, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if stored := m.failures[f.CounterID]; stored.Version != f.Version {
		return stored, auth.ErrVersionMismatch
	}
	f.Version++
	m.failures[f.CounterID] = f
	return f, m.recordErr
}

func (m *memoryStore) CreateClient(_ context.Context, c auth.Client, keys ...auth.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clients[c.ID] = c
	for _, k := range keys {
		m.keys[k.ID] = k
	}
	return m.err
}

func (m *memoryStore) CreateKey(_ context.Context, k auth.Key) error {
	defer m.lock()()
	if _, err := find(m.clients, k.Client); err != nil {
		return err
	}
	m.keys[k.ID] = k
	return m.err
}

func (m *memoryStore) Keys(_ context.Context, client string) (auth.Client, []auth.Key, error) {
	defer m.lock()()
	c, err := find(m.clients, client)
	var keys []auth.Key
	for _, k := range m.keys {
		if k.Client == client {
			keys = append(keys, k)
		}
	}
	return c, keys, cmp.Or(m.err, err)
}

func (m *memoryStore) RevokeKey(ctx context.Context, client, id string, at time.Time) error {
	_, err := m.UpdateKey(ctx, client, id, func(k *auth.Key) error {
		k.Revoked = at
		return nil
	})
	return err
}

func (m *memoryStore) Client(_ context.Context, id string) (auth.Client, error) {
	return find(m.clients, id)
}

func (m *memoryStore) UpdateClient(_ context.Context, id string, change func(*auth.Client) error) (auth.Client, error) {
	return update(m, m.clients, id, change)
}

func (m *memoryStore) UpdateKey(_ context.Context, _, id string, change func(*auth.Key) error) (auth.Key, error) {
	return update(m, m.keys, id, change)
}

// update calls change twice, as a store does that was overtaken by another writer.
func update[V any](m *memoryStore, all map[string]V, id string, change func(*V) error) (V, error) {
	defer m.lock()()
	stored, err := find(all, id)
	if err != nil {
		return stored, err
	}
	first, second := stored, stored
	if err := errors.Join(change(&first), change(&second)); err != nil {
		return stored, err
	}
	all[id] = second
	return second, m.err
}

func find[V any](all map[string]V, id string) (V, error) {
	v, ok := all[id]
	if !ok {
		return v, auth.ErrNotFound
	}
	return v, nil
}

// fixture is a deployment with one client of the tenant acme and a clock that the test sets.
type fixture struct {
	*auth.Admin
	store         *memoryStore
	now           time.Time
	hasher        auth.Hasher
	signer        *auth.LocalKey
	issuer        *auth.Issuer
	authenticator *auth.Authenticator
	keyManager    *auth.KeyManager

	client                     auth.Client
	secret, conomyKey, blnkKey string // the client's credentials
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	w := &fixture{now: epoch, signer: newLocalKey(t), hasher: auth.NewHasher([]byte(strings.Repeat("s", 32)))}
	w.store = &memoryStore{clients: map[string]auth.Client{}, keys: map[string]auth.Key{}, failures: map[string]auth.FailureWindow{}}
	clock := func() time.Time { return w.now }
	w.issuer = &auth.Issuer{Signer: w.signer, Issuer: issuer, Audience: audience, Now: clock}
	verifier := auth.NewVerifier(issuer, audience, auth.KeySet{w.signer})
	w.authenticator = &auth.Authenticator{Store: w.store, Hasher: w.hasher, Tokens: verifier, Now: clock}
	w.Admin = &auth.Admin{AdminStore: w.store, Hasher: w.hasher, APIs: []auth.API{conomyAPI, blnkAPI}, Now: clock}
	w.keyManager = &auth.KeyManager{Store: w.store, Hasher: w.hasher, Now: clock}
	w.addClient(t)
	return w
}

// addClient makes a new client the one of the fixture.
func (w *fixture) addClient(t testing.TB) {
	t.Helper()
	var shown auth.Credentials
	w.client, shown = w.createClient(t, "acme", auth.ScopeIdentityRead, auth.ScopeIdentityWrite)
	w.secret, w.conomyKey, w.blnkKey = shown.ClientSecret, shown.Keys["conomy"], shown.Keys["blnk"]
}

// newUncachedFixture is a fixture in which every change takes effect immediately.
func newUncachedFixture(t testing.TB) *fixture {
	t.Helper()
	w := newFixture(t)
	w.authenticator.CacheTTL = -1
	return w
}

// newRealFixture is an uncached fixture with a real store.
func newRealFixture(t *testing.T) *fixture {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	wantError(t, err, nil)
	t.Cleanup(func() { _ = db.Close() })
	w := newUncachedFixture(t)
	s := store.New(db, bytes.Repeat([]byte("s"), 32))
	w.AdminStore, w.authenticator.Store, w.keyManager.Store = s, s, s
	w.addClient(t)
	return w
}

// kid returns the id of a signer's key.
func kid(s auth.Signer) string {
	id, _, _ := s.PublicKey(ctx)
	return id
}

func newLocalKey(t testing.TB) *auth.LocalKey {
	t.Helper()
	key, err := auth.NewLocalKey()
	wantError(t, err, nil)
	return key
}

func (w *fixture) createClient(t testing.TB, tenant string, scopes ...string) (auth.Client, auth.Credentials) {
	t.Helper()
	c, shown, err := w.CreateClient(ctx, auth.ClientParams{Name: "Acme", Tenant: tenant, Scopes: scopes})
	wantError(t, err, nil)
	return c, shown
}

func (w *fixture) token(t testing.TB) string {
	t.Helper()
	token, _, err := w.issuer.Issue(ctx, w.client)
	wantError(t, err, nil)
	return token
}

func (w *fixture) authenticateBearer(token, key string) error {
	_, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, key)
	return err
}

func (w *fixture) authenticateKey(key string) error {
	_, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, key)
	return err
}

func (w *fixture) login(key, id, secret string) error {
	_, err := w.authenticator.Login(ctx, conomyAPI, key, id, secret)
	return err
}

// caller authenticates a Blnk key.
func (w *fixture) caller(t testing.TB, key string) auth.Caller {
	t.Helper()
	c, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, key)
	wantError(t, err, nil)
	return c
}

// updateStored edits the stored key with that text and its client.
func (w *fixture) updateStored(key string, edit func(*auth.Client, *auth.Key)) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	id := keyID(key)
	c, k := w.store.clients[id[:16]], w.store.keys[id]
	edit(&c, &k)
	w.store.clients[id[:16]], w.store.keys[id] = c, k
}

// wantCalls compares the number of calls of the store since the last wantCalls.
func (w *fixture) wantCalls(t testing.TB, want int) {
	t.Helper()
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	if w.store.calls != want {
		t.Errorf("store calls = %d, want %d", w.store.calls, want)
	}
	w.store.calls = 0
}

// wantError also requires that the text of the error contains no part of a credential.
func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error = %v, want %v", err, want)
	}
	if err == nil {
		return
	}
	if text := err.Error(); len(text) > 80 || strings.Contains(text, "cak_") || strings.Contains(text, "cbk_") || strings.Contains(text, "eyJ") {
		t.Errorf("error text = %q, want at most 80 characters without a key or a token", text)
	}
}

func wantEqual(t testing.TB, got, want any) {
	t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("difference (-want +got):\n%s", diff)
	}
}

// keyID returns the id in the text of a key.
func keyID(key string) string { return key[4:28] }

// withChecksum appends the check characters to a key's body, as the comment in key.go describes them.
func withChecksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body)) >> 2
	c := make([]byte, 6)
	for i := 5; i >= 0; i, sum = i-1, sum>>5 {
		c[i] = alphabet[sum&31]
	}
	return body + string(c)
}

// withWrongSecret returns the same key with another secret: well formed, known id.
func withWrongSecret(key string) string { return withChecksum(withNextChar(key, 40)[:61]) }

// withNextChar changes one character to the next of the alphabet.
func withNextChar(s string, at int) string {
	next := alphabet[(strings.IndexByte(alphabet, s[at])+1)%32]
	return s[:at] + string(next) + s[at+1:]
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// signToken signs any header and claims as an issuer would.
func (w *fixture) signToken(header, claims string) string {
	signed := b64(header) + "." + b64(claims)
	digest := sha256.Sum256([]byte(signed))
	sig, err := w.signer.Sign(ctx, digest[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + b64(string(auth.WithLowS(sig)))
}
