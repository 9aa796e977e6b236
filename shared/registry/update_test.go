package registry_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

func ifVersion(v int) func(string) bool {
	return func(tag string) bool { return strings.HasPrefix(tag, strconv.Itoa(v)+"-") }
}

func TestUpdateMakesAVersion(t *testing.T) {
	w := newTestRegistry(t)
	want := w.createWithID(t, "a")
	w.now = noon.Add(time.Hour)
	want.FirstName, want.Version, want.UpdatedAt = "Eve", 2, w.now.Truncate(time.Microsecond)
	for range 2 { // the second update changes nothing
		if diff := cmp.Diff(identity.WriteResult{Identity: want}, w.mustUpdate(t, setFirstName("a", "Eve"))); diff != "" {
			t.Errorf("Update(), -want +got:\n%s", diff)
		}
		w.now = w.now.Add(time.Hour)
	}
	matched := setFirstName("a", "Third")
	matched.IfMatch = ifVersion(2)
	if got := w.mustUpdate(t, matched); got.Version != 3 {
		t.Errorf("Version = %d after an update that matches, want 3", got.Version)
	}
}

func TestRejectedUpdateChangesNothing(t *testing.T) {
	w := newTestRegistry(t)
	before := w.createWithID(t, "a")
	own := errors.New("the caller's own")
	for name, tt := range map[string]struct {
		registry.Change
		want error
	}{
		"absent":           {setFirstName("b", "x"), identity.ErrNotFound},
		"not an id":        {setFirstName("a#", "x"), identity.ErrNotFound},
		"another tenant's": {registry.Change{Tenant: "other", ID: "a"}, identity.ErrNotFound},
		"an old version":   {registry.Change{Tenant: "acme", ID: "a", IfMatch: ifVersion(0)}, identity.ErrPreconditionFailed},
		"a later version":  {registry.Change{Tenant: "acme", ID: "a", IfMatch: ifVersion(2)}, identity.ErrVersionMismatch},
		"the caller's":     {change("a", func(i *identity.Identity) error { i.FirstName = "lost"; return own }), own},
	} {
		_, err := w.Update(ctx, tt.Change)
		wantIs(t, name, err, tt.want)
	}
	_, err := w.Update(ctx, setFirstName("a", "x\x1b"))
	wantText[*identity.Invalid](t, "an escape", err, "firstName must not contain control characters")
	if diff := cmp.Diff(before, w.mustGet(t, "a")); diff != "" {
		t.Errorf("the identity afterwards, -want +got:\n%s", diff)
	}
}

func TestApplyWorksOnACopy(t *testing.T) {
	w := newTestRegistry(t)
	d := draft(identity.Profile{Bank: &identity.BankAccount{Bank: "B"}})
	d.Security.AccessControl = &identity.AccessControl{Scopes: []identity.AccessScope{{Resource: "R", Reference: "r"}, {Resource: "R", Reference: "s"}}}
	before := w.mustCreate(t, d).Identity
	w.now = noon.Add(time.Hour)
	changed := w.mustUpdate(t, change(before.ID, func(i *identity.Identity) error {
		i.Bank.Bank = "C"
		return i.Revoke("", "r")
	}))
	want := *before.Bank
	want.Bank, want.UpdatedAt = "C", changed.UpdatedAt
	if *changed.Bank != want {
		t.Errorf("Bank = %+v, want %+v", *changed.Bank, want)
	}
	if diff := cmp.Diff([]identity.AccessScope{{Resource: "R", Reference: "s"}}, changed.Security.AccessControl.Scopes, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("scopes, -want +got:\n%s", diff)
	}
	if len(d.Security.AccessControl.Scopes) != 2 || d.Bank.Bank != "B" {
		t.Errorf("the draft afterwards: scopes %+v, bank %+v, want it unchanged", d.Security.AccessControl.Scopes, d.Bank)
	}
}

// TestUpdateIsIdempotent repeats changes that the state they made rejects.
func TestUpdateIsIdempotent(t *testing.T) {
	w := newTestRegistry(t)
	w.createWithID(t, "a")
	w.createWithID(t, "kid")
	keyed := func(c registry.Change, key string) registry.Change {
		c.Idempotency = identity.Idempotency{Key: key, Fingerprint: [32]byte{1}}
		return c
	}
	matched := setFirstName("a", "Eve")
	matched.IfMatch = ifVersion(1)
	for n, c := range []registry.Change{
		matched,
		change("a", func(i *identity.Identity) error {
			i.Grant([]identity.AccessScope{{Resource: "R", Reference: "r"}})
			return nil
		}),
		change("a", func(i *identity.Identity) error { return i.Revoke("", "r") }),
		childrenUpdate("a", registry.AddChildren, "kid"),
		childrenUpdate("a", registry.RemoveChildren, "kid"),
	} {
		c = keyed(c, fmt.Sprint("k", n))
		want := w.mustUpdate(t, c)
		if want.Replayed || want.Version != int64(n+2) {
			t.Errorf("change %d: Replayed = %v, Version = %d, want false, %d", n, want.Replayed, want.Version, n+2)
		}
		want.Replayed = true
		if diff := cmp.Diff(want, w.mustUpdate(t, c), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("change %d again, -want +got:\n%s", n, diff)
		}
		c.Idempotency.Fingerprint = [32]byte{2}
		_, err := w.Update(ctx, c)
		wantIs(t, "another request under the key", err, identity.ErrIdempotencyReused)
	}
	_, err := w.Update(ctx, keyed(matched, "new"))
	wantIs(t, "an old version under a new key", err, identity.ErrPreconditionFailed)
	_, err = w.Update(ctx, keyed(setFirstName("a", "x"), "é"))
	wantText[*identity.Invalid](t, "a key outside ASCII", err, "idempotencyKey must be printable ASCII")
}

func TestConcurrentUpdatesAreNotLost(t *testing.T) {
	const writers = 64
	w := newTestRegistry(t)
	w.Random = rand.Reader
	w.createWithID(t, "a")
	versions := make([]int64, writers)
	errs := concurrently(writers, func(n int) error {
		changed, err := w.Update(ctx, change("a", func(i *identity.Identity) error {
			i.Grant([]identity.AccessScope{{Resource: "R", Reference: fmt.Sprint(n)}})
			return nil
		}))
		versions[n] = changed.Version
		return err
	})
	testenv.Must(versions, errors.Join(errs...))(t)
	slices.Sort(versions)
	if versions[0] != 2 || versions[writers-1] != writers+1 || len(slices.Compact(versions)) != writers {
		t.Errorf("versions = %v, want each from 2 to %d once", versions, writers+1)
	}
	if got := w.mustGet(t, "a"); got.Version != writers+1 || len(got.Security.AccessControl.Scopes) != writers {
		t.Errorf("version %d with %d scopes, want version %d with %d", got.Version, len(got.Security.AccessControl.Scopes), writers+1, writers)
	}
}

func TestConcurrentEqualUpdatesAreReplayed(t *testing.T) {
	w := newTestRegistry(t)
	w.createWithID(t, "a")
	results := make([]identity.WriteResult, 32)
	errs := concurrently(len(results), func(n int) (err error) {
		c := setFirstName("a", "Eve")
		c.Idempotency = identity.Idempotency{Key: "k", Fingerprint: [32]byte{1}}
		results[n], err = w.Update(ctx, c)
		return err
	})
	testenv.Must(results, errors.Join(errs...))(t)
	written := 0
	for _, r := range results {
		if !r.Replayed {
			written++
		}
		if r.Version != 2 || r.FirstName != "Eve" {
			t.Errorf("result = version %d of %s, want version 2 of Eve", r.Version, r.FirstName)
		}
	}
	if got := w.mustGet(t, "a"); written != 1 || got.Version != 2 {
		t.Errorf("%d requests took effect, version %d, want one and version 2", written, got.Version)
	}
}
