package registry_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cedula/shared/identity"
	"cedula/shared/registry"
)

// createWithID creates an identity of that id.
func (w *testRegistry) createWithID(t *testing.T, id string) identity.Identity {
	t.Helper()
	d := draft(identity.Profile{FirstName: id})
	d.ID = id
	return w.mustCreate(t, d).Identity
}

func setFirstName(id, name string) registry.Change {
	return registry.Change{Tenant: "acme", ID: id, GenerateID: generateID, Apply: func(i *identity.Identity) error {
		i.FirstName = name
		return nil
	}}
}

func (w *testRegistry) mustUpdate(t *testing.T, c registry.Change) identity.WriteResult {
	t.Helper()
	changed, err := w.Update(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func ifVersion(v int) func(string) bool {
	return func(tag string) bool { return strings.HasPrefix(tag, strconv.Itoa(v)+"-") }
}

func TestUpdate(t *testing.T) {
	w := newTestRegistry(t)
	before := w.createWithID(t, "a")
	w.now = noon.Add(time.Hour)
	changed := w.mustUpdate(t, setFirstName("a", "Eve"))
	want := before
	want.FirstName, want.Version, want.UpdatedAt = "Eve", 2, w.now.Truncate(time.Microsecond)
	if diff := cmp.Diff(identity.WriteResult{Identity: want}, changed); diff != "" {
		t.Errorf("diff = %v, want %v", diff, "")
	}
	w.now = noon.Add(2 * time.Hour)
	if diff := cmp.Diff(identity.WriteResult{Identity: want}, w.mustUpdate(t, setFirstName("a", "Eve"))); diff != "" {
		t.Errorf("a change that changes nothing made a version\n%s; want diff == \"\"", diff)
	}
	for name, tt := range map[string]struct {
		registry.Change
		want error
	}{
		"absent":           {setFirstName("b", "x"), identity.ErrNotFound},
		"no possible id":   {setFirstName("a#", "x"), identity.ErrNotFound},
		"another tenant's": {func() registry.Change { c := setFirstName("a", "x"); c.Tenant = "other"; return c }(), identity.ErrNotFound},
		"stale":            {func() registry.Change { c := setFirstName("a", "x"); c.IfMatch = ifVersion(1); return c }(), identity.ErrPreconditionFailed},
		"to come":          {func() registry.Change { c := setFirstName("a", "x"); c.IfMatch = ifVersion(3); return c }(), identity.ErrVersionMismatch},
	} {
		if _, err := w.Update(ctx, tt.Change); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v; want tt.want", name, err)
		}
	}
	_, err := w.Update(ctx, setFirstName("a", "x\x1b"))
	wantField(t, err, identity.FieldFirstName, "must not hold control characters")
	own := errors.New("refused by the dialect")
	if _, err := w.Update(ctx, registry.Change{Tenant: "acme", ID: "a", Apply: func(i *identity.Identity) error {
		i.FirstName = "lost"
		return own
	}}); !errors.Is(err, own) {
		t.Errorf("err = %v; want own", err)
	}
	found, err := w.Get(ctx, "acme", "a")
	if diff := cmp.Diff(want, found); diff != "" || err != nil {
		t.Errorf("a refused change changed something: %v\n%s; want diff == \"\" and no error", err, diff)
	}
	matched := setFirstName("a", "Third")
	matched.IfMatch = ifVersion(2)
	if got := w.mustUpdate(t, matched); got.Version != 3 {
		t.Errorf("version %d; want got.Version == 3", got.Version)
	}
}

// TestApplyWorksOnACopy: what a change does before it fails is in nobody's hands.
func TestApplyWorksOnACopy(t *testing.T) {
	w := newTestRegistry(t)
	d := draft(identity.Profile{Bank: &identity.BankAccount{Bank: "B"}})
	d.ID = "a"
	d.Security.AccessControl = &identity.AccessControl{Scopes: []identity.AccessScope{{Resource: "R", Reference: "r"}, {Resource: "R", Reference: "s"}}}
	before := w.mustCreate(t, d).Identity
	w.now = noon.Add(time.Hour)
	changed := w.mustUpdate(t, registry.Change{Tenant: "acme", ID: "a", GenerateID: generateID, Apply: func(i *identity.Identity) error {
		i.Bank.Bank = "C"
		return i.Revoke("", "r")
	}})
	if b := changed.Bank; b.ID != before.Bank.ID || b.Bank != "C" || !b.CreatedAt.Equal(before.CreatedAt) || !b.UpdatedAt.Equal(changed.UpdatedAt) {
		t.Errorf(`%+v; want b.ID == before.Bank.ID and b.Bank == "C" and b.CreatedAt == before.CreatedAt and b.UpdatedAt == changed.UpdatedAt`, b)
	}
	if diff := cmp.Diff([]identity.AccessScope{{Resource: "R", Reference: "s"}}, changed.Security.AccessControl.Scopes, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("diff = %v, want %v", diff, "")
	}
	if len(d.Security.AccessControl.Scopes) != 2 || d.Bank.Bank != "B" {
		t.Error("the draft changed")
	}
}

func TestIdempotentUpdate(t *testing.T) {
	w := newTestRegistry(t)
	w.createWithID(t, "a")
	w.createWithID(t, "kid")
	keyed := func(c registry.Change, key string) registry.Change {
		c.Idempotency = identity.Idempotency{Key: key, Fingerprint: [32]byte{1}}
		return c
	}
	revoke := registry.Change{Tenant: "acme", ID: "a", Apply: func(i *identity.Identity) error { return i.Revoke("", "r") }}
	grant := registry.Change{Tenant: "acme", ID: "a", Apply: func(i *identity.Identity) error {
		i.Grant([]identity.AccessScope{{Resource: "R", Reference: "r"}})
		return nil
	}}
	matched := setFirstName("a", "Eve")
	matched.IfMatch = ifVersion(1)
	// Each of them is refused by the state that it has made itself.
	for n, c := range []registry.Change{matched, grant, revoke, childrenUpdate("a", registry.AddChildren, "kid"), childrenUpdate("a", registry.RemoveChildren, "kid")} {
		key := fmt.Sprintf("k%d", n)
		first := w.mustUpdate(t, keyed(c, key))
		again := w.mustUpdate(t, keyed(c, key))
		if first.Replayed || !again.Replayed || first.Version != int64(n+2) || !cmp.Equal(first.Identity, again.Identity, cmpopts.EquateEmpty()) {
			t.Errorf("%d: replayed %v and %v, version %d\n%s; want not first.Replayed and again.Replayed and first.Version == int64(n + 2) and cmp == first.Identity", n, first.Replayed, again.Replayed, first.Version, cmp.Diff(first.Identity, again.Identity))
		}
		other := keyed(c, key)
		other.Idempotency.Fingerprint = [32]byte{2}
		if _, err := w.Update(ctx, other); !errors.Is(err, identity.ErrIdempotencyReused) {
			t.Errorf("%d: another request under the key: %v; want identity.ErrIdempotencyReused", n, err)
		}
	}
	if _, err := w.Update(ctx, keyed(matched, "new")); !errors.Is(err, identity.ErrPreconditionFailed) {
		t.Errorf("a stale request with a key of its own: %v; want identity.ErrPreconditionFailed", err)
	}
	_, err := w.Update(ctx, keyed(setFirstName("a", "x"), "é"))
	wantField(t, err, identity.FieldIdempotencyKey, "must be printable ASCII")
}

// TestConcurrentUpdatesAreNotLost: no update is lost, and versions have no gaps.
func TestConcurrentUpdatesAreNotLost(t *testing.T) {
	const writers = 64
	w := newTestRegistry(t)
	w.Random = rand.Reader
	w.Store = w.store.Store // without the counter, which is for one at a time
	w.createWithID(t, "a")
	versions, failures := make([]int64, writers), make([]error, writers)
	var group sync.WaitGroup
	for n := range writers {
		group.Go(func() {
			changed, err := w.Update(ctx, registry.Change{Tenant: "acme", ID: "a", Apply: func(i *identity.Identity) error {
				i.Grant([]identity.AccessScope{{Resource: "R", Reference: fmt.Sprint(n)}})
				return nil
			}})
			versions[n], failures[n] = changed.Version, err
		})
	}
	group.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
	slices.Sort(versions)
	for n, v := range versions {
		if v != int64(n+2) {
			t.Fatalf("versions %v; want v == int64(n + 2)", versions)
		}
	}
	found, err := w.Get(ctx, "acme", "a")
	if err != nil || found.Version != writers+1 || len(found.Security.AccessControl.Scopes) != writers {
		t.Errorf("version %d, %d scopes, %v; want no error and found.Version == writers + 1 and len(found.Security.AccessControl.Scopes) == writers", found.Version, len(found.Security.AccessControl.Scopes), err)
	}
}

// TestConcurrentConditionalUpdatesHaveOneWinner: of many who ask for one version one gets it.
func TestConcurrentConditionalUpdatesHaveOneWinner(t *testing.T) {
	w := newTestRegistry(t)
	w.Store = w.store.Store
	w.createWithID(t, "a")
	failures := make([]error, 32)
	var group sync.WaitGroup
	for n := range failures {
		group.Go(func() {
			c := setFirstName("a", fmt.Sprint(n))
			c.IfMatch = ifVersion(1)
			_, failures[n] = w.Update(ctx, c)
		})
	}
	group.Wait()
	won := slices.Index(failures, nil)
	for n, err := range failures {
		if n != won && !errors.Is(err, identity.ErrPreconditionFailed) {
			t.Errorf("%d: %v; want n == won or identity.ErrPreconditionFailed", n, err)
		}
	}
	if found, err := w.Get(ctx, "acme", "a"); err != nil || found.Version != 2 || found.FirstName != fmt.Sprint(won) {
		t.Errorf("version %d by %s, %d won; %v; want no error and found.Version == 2 and found.FirstName == fmt.Sprint(won)", found.Version, found.FirstName, won, err)
	}
}

// TestConcurrentEqualUpdatesAreReplayed: of many equal requests with one key one takes effect,
// and all get its answer.
func TestConcurrentEqualUpdatesAreReplayed(t *testing.T) {
	w := newTestRegistry(t)
	w.Store = w.store.Store
	w.createWithID(t, "a")
	answers, failures := make([]identity.WriteResult, 32), make([]error, 32)
	var group sync.WaitGroup
	for n := range answers {
		group.Go(func() {
			c := setFirstName("a", "Eve")
			c.Idempotency = identity.Idempotency{Key: "k", Fingerprint: [32]byte{1}}
			answers[n], failures[n] = w.Update(ctx, c)
		})
	}
	group.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
	made := 0
	for _, a := range answers {
		if !a.Replayed {
			made++
		}
		if a.Version != 2 || a.FirstName != "Eve" {
			t.Errorf(`version %d of %s; want a.Version == 2 and a.FirstName == "Eve"`, a.Version, a.FirstName)
		}
	}
	if found, err := w.Get(ctx, "acme", "a"); made != 1 || found.Version != 2 || err != nil {
		t.Errorf("%d took effect, version %d, %v; want made == 1 and found.Version == 2 and no error", made, found.Version, err)
	}
}
