package auth_test

import (
	"bytes"
	"errors"
	"sync"
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

func TestRotateSecret(t *testing.T) {
	o := newOffice(t)
	first := o.shown.ClientSecret
	c, second, err := o.RotateSecret(ctx, o.client.ID, 48*time.Hour)
	if err != nil || len(c.Live(o.now)) != 2 {
		t.Fatal(len(c.Live(o.now)), err)
	}
	if o.login(first) != nil || o.login(second) != nil {
		t.Error("both secrets are good while they overlap")
	}
	_, third, err := o.RotateSecret(ctx, o.client.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if o.login(first) == nil || o.login(second) != nil || o.login(third) != nil {
		t.Error("there are two live secrets, the newest")
	}
	o.now = o.now.Add(time.Hour)
	if o.login(second) == nil || o.login(third) != nil {
		t.Error("the overlap has ended")
	}
	_, fourth, err := o.RotateSecret(ctx, o.client.ID, 0)
	if err != nil || o.login(third) == nil || o.login(fourth) != nil {
		t.Error("without an overlap the old secret ends at once", err)
	}
	for _, overlap := range []time.Duration{-1, auth.MaxOverlap + 1} {
		if _, _, err := o.RotateSecret(ctx, o.client.ID, overlap); !errors.Is(err, auth.ErrOverlap) {
			t.Errorf("overlap %v: %v", overlap, err)
		}
	}
	if _, _, err := o.RotateSecret(ctx, "nobody", 0); !errors.Is(err, auth.ErrUnknown) {
		t.Errorf("nobody: %v", err)
	}
}

// TestRotateAtOnce: of rotations at the same moment each gives a secret, and two
// of them are live.
func TestRotateAtOnce(t *testing.T) {
	o := newOffice(t)
	secrets := make([]string, 6)
	var all sync.WaitGroup
	for n := range secrets {
		all.Go(func() {
			var err error
			if _, secrets[n], err = o.RotateSecret(ctx, o.client.ID, time.Hour); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	live := 0
	for _, s := range secrets {
		if o.login(s) == nil {
			live++
		}
	}
	if live != 2 {
		t.Errorf("%d live secrets", live)
	}
}

func TestRotateKey(t *testing.T) {
	o := newOffice(t)
	old, text, err := o.CreateKey(ctx, o.client.ID, auth.NewKey{
		Use: auth.UseBlnk, Name: "svc", Owner: "team", Scopes: auth.Scopes{auth.ScopeIdentityRead}, Expires: o.now.Add(72 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	made, fresh, err := o.RotateKey(ctx, old.ID, time.Hour)
	if err != nil || made.Name != old.Name || made.Owner != old.Owner || !made.Expires.Equal(old.Expires) || len(made.Scopes) != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	if o.opens(text) != nil || o.opens(fresh) != nil {
		t.Error("both keys are good while they overlap")
	}
	o.now = o.now.Add(time.Hour)
	if !errors.Is(o.opens(text), auth.ErrExpired) || o.opens(fresh) != nil {
		t.Error("the overlap has ended")
	}
	if _, _, err := o.RotateKey(ctx, old.ID, 0); !errors.Is(err, auth.ErrExpired) {
		t.Errorf("a key that has ended: %v", err)
	}
	if _, err := o.RevokeKey(ctx, made.ID); err != nil || !errors.Is(o.opens(fresh), auth.ErrExpired) {
		t.Error("revoked", err)
	}
	for _, id := range []string{"", "x", o.client.ID + "00000000", "C#" + o.client.ID} {
		if _, err := o.RevokeKey(ctx, id); !errors.Is(err, auth.ErrUnknown) {
			t.Errorf("revoke %q: %v", id, err)
		}
		if _, _, err := o.RotateKey(ctx, id, 0); !errors.Is(err, auth.ErrUnknown) {
			t.Errorf("rotate %q: %v", id, err)
		}
	}
	// The key that a client was registered with leaves its scopes as they are,
	// and so does the one in its place.
	master, text, err := o.RotateKey(ctx, o.shown.BlnkKey[4:28], 0)
	if err != nil || master.Scopes != nil || o.opens(text) != nil || !errors.Is(o.opens(o.shown.BlnkKey), auth.ErrExpired) {
		t.Errorf("%+v, %v", master, err)
	}
	if _, _, err := o.CreateKey(ctx, "0000000000000000", auth.NewKey{Use: auth.UseConomy}); !errors.Is(err, auth.ErrUnknown) {
		t.Errorf("a key of nobody: %v", err)
	}
}
