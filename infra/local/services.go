package local

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"cedula/infra/local/admin"
	"cedula/infra/local/apigateway"
	"cedula/infra/local/datadir"
	"cedula/infra/local/timetravel"
	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/encryption"
	"cedula/shared/jobs"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
)

const (
	audience      = "cedula" // of bearer tokens, wherever it is served
	sweepInterval = time.Minute
)

// services are a registry on a data folder and what both APIs share, wired as package boot does for the functions.
type services struct {
	data     *datadir.Dir
	clock    *timetravel.Clock
	store    *store.Store
	registry *registry.Registry
	now      func() time.Time // for what concerns clients and their keys
}

// newServices puts a registry on t, which is the folder's table or one in front of it.
func newServices(data *datadir.Dir, t table.Table) (*services, error) {
	clock, err := timetravel.Open(data.Path())
	if err != nil {
		return nil, err
	}
	s := store.New(t, data.Secret)
	r := &registry.Registry{
		Store: s, Cipher: encryption.NewFieldCipher(data.DataKey, time.Now), Now: time.Now, Random: rand.Reader, ClockOffset: clock.Offset,
	}
	return &services{data, clock, s, r, time.Now}, nil
}

// apis returns both APIs, with authorizers whose caches are empty. issuer is that of bearer tokens: the base URL of the
// Conomy API.
func (s *services) apis(issuer string) (conomyAPI, blnkAPI apigateway.API) {
	keySet := auth.KeySet{s.data.Signer} // the first signs
	if s.data.PreviousSigner != nil {
		keySet = append(keySet, s.data.PreviousSigner)
	}
	hasher := auth.NewHasher(s.data.Secret)
	authenticator := &auth.Authenticator{Store: s.store, Hasher: hasher, Tokens: auth.NewVerifier(issuer, audience, keySet), Now: s.now}
	// The limiter reads the folder's table directly: in AWS the gateway's usage plans do not read the table either.
	limiter := apigateway.NewLimiter(store.New(s.data.Table, nil).Client)
	conomyAPI = apigateway.API{
		Operations: &conomy.API{
			Identities: s.registry, Logins: authenticator, Reference: apidocs.Conomy,
			Tokens:         &auth.Issuer{Signer: s.data.Signer, Issuer: issuer, Audience: audience, TTL: time.Hour, Now: time.Now},
			IssuerMetadata: auth.IssuerMetadata{Issuer: issuer, Keys: keySet},
		},
		Authorizer:      &conomy.Authorizer{Authenticator: authenticator},
		IdentitySources: []string{"Authorization", "X-Api-Key"},
		Stage:           "/sandbox",
		Limiter:         limiter,
		Now:             s.now,
	}
	blnkAPI = apigateway.API{
		Operations: &blnk.API{
			Identities: s.registry, Health: s.store, Keys: &auth.KeyManager{Store: s.store, Hasher: hasher, Now: time.Now},
			Cursors: blnk.NewCursorCodec(s.data.Secret), Reference: apidocs.Blnk,
		},
		Authorizer:      &blnk.Authorizer{Authenticator: authenticator},
		IdentitySources: []string{"X-Blnk-Key"},
		Limiter:         limiter,
		Now:             s.now,
	}
	return conomyAPI, blnkAPI
}

// admin returns what the command line can do.
func (s *services) admin() *admin.Registry {
	a := &auth.Admin{AdminStore: s.store, Hasher: auth.NewHasher(s.data.Secret), APIs: datadir.APIs, Now: time.Now}
	return admin.New(a, func() (*jobs.Reaper, error) { return s.reaper(), nil })
}

// reaper returns a Reaper that goes by each tenant's own time.
func (s *services) reaper() *jobs.Reaper {
	return &jobs.Reaper{Registry: s.registry, PendingIndex: s.store, MaxClockOffset: s.clock.LargestOffset()}
}

// sweepExpired deletes the table's expired items until ctx ends, as DynamoDB does by itself.
func (s *services) sweepExpired(ctx context.Context) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if _, err := s.data.Table.Sweep(ctx, now); err != nil && ctx.Err() == nil {
				slog.ErrorContext(ctx, "sweep", "error", err.Error())
			}
		}
	}
}
