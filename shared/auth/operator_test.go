package auth_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/store"
	"cedula/shared/table/embedded"
)

// office is an operator of a real store, with a client, and a guard that
// remembers nothing.
type office struct {
	*auth.Operator
	guard  *auth.Guard
	client auth.Client
	shown  auth.Credentials
	now    time.Time
}

func newOffice(t *testing.T) *office {
	t.Helper()
	db, err := embedded.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	secret := bytes.Repeat([]byte("s"), 32)
	o := &office{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return o.now }
	s, hasher := store.New(db, secret), auth.NewHasher(secret)
	o.Operator = &auth.Operator{Registry: s, Hasher: hasher, Now: clock}
	o.guard = &auth.Guard{Store: s, Hasher: hasher, Now: clock, TTL: -1}
	o.client, o.shown, err = auth.Register(ctx, s, hasher, auth.NewClient{
		Name: "app", Tenant: "acme", Scopes: auth.Scopes{auth.ScopeIdentityRead, auth.ScopeIdentityWrite}, Limits: auth.Limits{Rate: 5, Burst: 10, Quota: 1000},
	}, o.now)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) login(secret string) error {
	_, err := o.guard.Login(ctx, o.shown.ConomyKey, o.client.ID, secret)
	return err
}

func (o *office) opens(key string) error {
	_, err := o.guard.Key(ctx, key)
	return err
}

func TestClientsAreListedAndShown(t *testing.T) {
	o := newOffice(t)
	o.now = o.now.Add(time.Hour)
	second, _, err := auth.Register(ctx, o.Registry, o.Hasher, auth.NewClient{Name: "second", Strict: true, Production: true}, o.now)
	if err != nil {
		t.Fatal(err)
	}
	all, err := o.Clients(ctx)
	if err != nil || len(all) != 2 || all[0].ID != o.client.ID || all[1].ID != second.ID {
		t.Fatalf("%v, %v", all, err)
	}
	got, err := o.Client(ctx, second.ID)
	if err != nil || !got.Strict || !got.Production || got.Tenant != second.ID || got.UsagePlanKey == "" || got.UsagePlanKey == o.client.UsagePlanKey {
		t.Errorf("%+v, %v", got, err)
	}
	if all[0].Limits != (auth.Limits{Rate: 5, Burst: 10, Quota: 1000}) {
		t.Errorf("limits %+v", all[0].Limits)
	}
	if _, err := o.Client(ctx, "nobody"); !errors.Is(err, auth.ErrUnknown) {
		t.Errorf("nobody: %v", err)
	}
}

func TestSuspend(t *testing.T) {
	o := newOffice(t)
	for _, suspended := range []bool{true, false} {
		c, err := o.Suspend(ctx, o.client.ID, suspended)
		if err != nil || c.Suspended != suspended {
			t.Fatal(err)
		}
		if shut := errors.Is(o.opens(o.shown.BlnkKey), auth.ErrSuspended); shut != suspended {
			t.Errorf("suspended %v, shut %v", suspended, shut)
		}
	}
	if _, err := o.Suspend(ctx, "nobody", true); !errors.Is(err, auth.ErrUnknown) {
		t.Errorf("nobody: %v", err)
	}
}
