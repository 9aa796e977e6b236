package auth_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/store"
	"cedula/shared/table/pebble"
)

// adminFixture is an operator of a real store, with a client, and a guard that
// remembers nothing.
type adminFixture struct {
	*auth.Admin
	authenticator *auth.Authenticator
	client        auth.Client
	credentials   auth.Credentials
	now           time.Time
}

func newAdminFixture(t *testing.T) *adminFixture {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	secret := bytes.Repeat([]byte("s"), 32)
	o := &adminFixture{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return o.now }
	s, hasher := store.New(db, secret), auth.NewHasher(secret)
	o.Admin = &auth.Admin{AdminStore: s, Hasher: hasher, APIs: apis, Now: clock}
	o.authenticator = &auth.Authenticator{Store: s, Hasher: hasher, Now: clock, CacheTTL: -1}
	o.client, o.credentials, err = o.CreateClient(ctx, auth.ClientParams{
		Name: "app", Tenant: "acme", Scopes: auth.Scopes{auth.ScopeIdentityRead, auth.ScopeIdentityWrite}, Limits: auth.Limits{Rate: 5, Burst: 10, Quota: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *adminFixture) login(secret string) error {
	_, err := o.authenticator.Login(ctx, conomyAPI, o.credentials.Keys["conomy"], o.client.ID, secret)
	return err
}

func (o *adminFixture) authenticateKey(key string) error {
	_, err := o.authenticator.AuthenticateKey(ctx, blnkAPI, key)
	return err
}

func TestClientsAreListedAndShown(t *testing.T) {
	o := newAdminFixture(t)
	o.now = o.now.Add(time.Hour)
	second, _, err := o.CreateClient(ctx, auth.ClientParams{Name: "second", Strict: true, TestMode: true})
	if err != nil {
		t.Fatal(err)
	}
	all, err := o.Clients(ctx)
	if err != nil || len(all) != 2 || all[0].ID != o.client.ID || all[1].ID != second.ID {
		t.Fatalf("%v, %v; want no error and len(all) == 2 and all[0].ID == o.client.ID and all[1].ID == second.ID", all, err)
	}
	got, err := o.Client(ctx, second.ID)
	if err != nil || !got.Strict || !got.TestMode || got.Tenant != second.ID || got.UsagePlanKey == "" || got.UsagePlanKey == o.client.UsagePlanKey {
		t.Errorf(`%+v, %v; want no error and got.Strict and got.TestMode and got.Tenant == second.ID and got.UsagePlanKey != "" and got.UsagePlanKey != o.client.UsagePlanKey`, got, err)
	}
	if all[0].Limits != (auth.Limits{Rate: 5, Burst: 10, Quota: 1000}) {
		t.Errorf("limits %+v; want all[0].Limits == (auth.Limits{Rate: 5, Burst: 10, Quota: 1000})", all[0].Limits)
	}
	if _, err := o.Client(ctx, "nobody"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("nobody: %v; want auth.ErrNotFound", err)
	}
}

func TestSetSuspended(t *testing.T) {
	o := newAdminFixture(t)
	for _, suspended := range []bool{true, false} {
		c, err := o.SetSuspended(ctx, o.client.ID, suspended)
		if err != nil || c.Suspended != suspended {
			t.Fatalf("err = %v; want no error and c.Suspended == suspended", err)
		}
		if shut := errors.Is(o.authenticateKey(o.credentials.Keys["blnk"]), auth.ErrSuspended); shut != suspended {
			t.Errorf("suspended %v, shut %v; want shut == suspended", suspended, shut)
		}
	}
	if _, err := o.SetSuspended(ctx, "nobody", true); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("nobody: %v; want auth.ErrNotFound", err)
	}
}
