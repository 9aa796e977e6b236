package registry_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

func childrenUpdate(id string, mode registry.ChildrenUpdateMode, children ...string) registry.Change {
	return registry.Change{Tenant: "acme", ID: id, Children: &registry.ChildrenUpdate{Children: children, Mode: mode}}
}

// createMany creates n identities with ids of a prefix.
func (w *testRegistry) createMany(t *testing.T, prefix string, n int) (ids []string) {
	t.Helper()
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s%d", prefix, i))
		w.createWithID(t, ids[i])
	}
	return ids
}

// createLinked creates identities of one letter and links them: "ab" makes b a child of a.
func (w *testRegistry) createLinked(t *testing.T, links ...string) {
	t.Helper()
	for _, l := range links {
		for _, id := range strings.Split(l, "") {
			if _, err := w.Get(ctx, "acme", id); errors.Is(err, identity.ErrNotFound) {
				w.createWithID(t, id)
			}
		}
		w.mustUpdate(t, childrenUpdate(l[:1], registry.AddChildren, l[1:]))
	}
}

// childIDs reads all of an identity's children, sorted by id.
func (w *testRegistry) childIDs(t *testing.T, id string) (ids []string) {
	t.Helper()
	entries, err := w.Store.Entries(ctx, identity.Index{Tenant: "acme", ChildrenOf: id}, nil, 5000, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	return ids
}

func wantDanglingReference(t *testing.T, err error, field identity.Field) {
	t.Helper()
	var unknown *identity.DanglingReference
	if !errors.As(err, &unknown) || unknown.Field != field {
		t.Errorf("got %v, want %s unknown", err, field)
	}
}

func wantStateError(t *testing.T, err error, reason string) {
	t.Helper()
	var state *identity.StateError
	if !errors.As(err, &state) || state.Reason != reason {
		t.Errorf("got %v, want %q", err, reason)
	}
}

func TestChildren(t *testing.T) {
	w := newTestRegistry(t)
	w.createWithID(t, "p")
	kids := w.createMany(t, "kid", 5)
	steps := []struct {
		name     string
		mode     registry.ChildrenUpdateMode
		children []string
		want     []string
		version  int64
	}{
		{"link two", registry.AddChildren, kids[:2], kids[:2], 2},
		{"link one of them again", registry.AddChildren, kids[:1], kids[:2], 2},
		{"link nobody", registry.AddChildren, nil, kids[:2], 2},
		{"link an old and a new one", registry.AddChildren, kids[1:3], kids[:3], 3},
		{"unlink one", registry.RemoveChildren, kids[1:2], []string{kids[0], kids[2]}, 4},
		{"unlink nobody", registry.RemoveChildren, nil, []string{kids[0], kids[2]}, 4},
		{"replace", registry.ReplaceChildren, kids[2:], kids[2:], 5},
		{"replace by the same", registry.ReplaceChildren, kids[2:], kids[2:], 5},
		{"replace by nobody", registry.ReplaceChildren, nil, nil, 6},
		{"replace nobody by nobody", registry.ReplaceChildren, nil, nil, 6},
	}
	for _, tt := range steps {
		changed := w.mustUpdate(t, childrenUpdate("p", tt.mode, tt.children...))
		var shown []string
		for _, c := range changed.Children {
			shown = append(shown, c.ID)
			if c.FirstName != c.ID {
				t.Errorf("%s: a child is called %s; want c.FirstName == c.ID", tt.name, c.FirstName)
			}
		}
		slices.Sort(shown)
		if got := w.childIDs(t, "p"); !slices.Equal(got, tt.want) || !slices.Equal(shown, tt.want) || changed.Version != tt.version {
			t.Errorf("%s: version %d, children %v, shown %v; want got == tt.want and shown == tt.want and changed.Version == tt.version", tt.name, changed.Version, got, shown)
		}
	}
	w.mustUpdate(t, childrenUpdate("p", registry.AddChildren, kids...))
	w.mustUpdate(t, setFirstName(kids[0], "Renamed"))
	w.mustDelete(t, kids[1])
	found, err := w.GetWithChildren(ctx, "acme", "p")
	if err != nil || len(found.Children) != 4 {
		t.Errorf("%d children, %v; want no error and len(found.Children) == 4", len(found.Children), err)
	}
	if !slices.ContainsFunc(found.Children, func(c identity.Identity) bool { return c.FirstName == "Renamed" }) {
		t.Errorf("children = %+v, want one named Renamed", found.Children)
	}
}

func TestInvalidChildrenAreRejected(t *testing.T) {
	w := newTestRegistry(t)
	w.createLinked(t, "pa", "ab", "bc", "cd", "xy")
	foreign := draft(identity.Profile{})
	foreign.Tenant, foreign.ID = "other", "foreign"
	w.mustCreate(t, foreign)
	const cycle = "an identity cannot be its own ancestor"
	before := w.childIDs(t, "p")
	for _, mode := range []registry.ChildrenUpdateMode{registry.AddChildren, registry.ReplaceChildren} {
		_, err := w.Update(ctx, childrenUpdate("p", mode, "x", "p"))
		wantField(t, err, "children.1", "must not be the identity itself")
		_, err = w.Update(ctx, childrenUpdate("p", mode, "x", "b", "x"))
		wantField(t, err, "children.2", "stands twice in the list")
		for _, unknown := range []string{"nobody", "foreign", "", "a#b", strings.Repeat("x", 65)} {
			_, err = w.Update(ctx, childrenUpdate("p", mode, "x", unknown, "none"))
			wantDanglingReference(t, err, "children.1")
		}
		for _, below := range []string{"a", "b", "c", "d"} {
			_, err = w.Update(ctx, childrenUpdate(below, mode, "x", "p"))
			wantStateError(t, err, cycle)
		}
		_, err = w.Update(ctx, childrenUpdate("d", mode, "c"))
		wantStateError(t, err, cycle)
		_, err = w.Update(ctx, childrenUpdate("p", mode, make([]string, 101)...))
		wantField(t, err, identity.FieldChildren, "must name at most 100 identities")
	}
	_, err := w.Update(ctx, childrenUpdate("p", registry.RemoveChildren, "a", "b"))
	wantDanglingReference(t, err, "children.1")
	_, err = w.Update(ctx, childrenUpdate("y", registry.RemoveChildren, "a"))
	wantDanglingReference(t, err, "children.0")
	if after := w.childIDs(t, "p"); !slices.Equal(before, after) {
		t.Errorf("refused changes made %v of %v; want before == after", after, before)
	}
}

// TestAddedChildrenMayBeRelated: new children may stand below each other, or share a
// child, or already be grandchildren.
func TestAddedChildrenMayBeRelated(t *testing.T) {
	w := newTestRegistry(t)
	w.createLinked(t, "ab", "bc", "ac", "dc", "ce")
	w.createWithID(t, "p")
	w.mustUpdate(t, childrenUpdate("p", registry.AddChildren, "a", "b", "c", "d"))
	if got := w.childIDs(t, "p"); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("got = %v, want %v", got, []string{"a", "b", "c", "d"})
	}
	_, err := w.Update(ctx, childrenUpdate("e", registry.AddChildren, "p"))
	wantStateError(t, err, "an identity cannot be its own ancestor")
}

func TestChildrenLimits(t *testing.T) {
	w := newTestRegistry(t)
	w.createWithID(t, "p")
	kids := w.createMany(t, "kid", 1001)
	for n := range 9 {
		w.mustUpdate(t, childrenUpdate("p", registry.AddChildren, kids[100*n:100*n+100]...))
	}
	w.mustUpdate(t, childrenUpdate("p", registry.AddChildren, kids[900:999]...))
	const tooMany = "an identity has at most 1000 children"
	_, err := w.Update(ctx, childrenUpdate("p", registry.AddChildren, kids[999:]...))
	wantStateError(t, err, tooMany)
	w.mustUpdate(t, childrenUpdate("p", registry.AddChildren, kids[999]))
	_, err = w.Update(ctx, childrenUpdate("p", registry.AddChildren, kids[1000]))
	wantStateError(t, err, tooMany)
	found, err := w.GetWithChildren(ctx, "acme", "p")
	if err != nil || len(found.Children) != registry.MaxChildrenInResponse || len(w.childIDs(t, "p")) != 1000 {
		t.Errorf(`%d shown, %v; want no error and len(found.Children) == registry.MaxChildrenInResponse and len(w.childIDs(t, "p")) == 1000`, len(found.Children), err)
	}
	replaced := w.mustUpdate(t, childrenUpdate("p", registry.ReplaceChildren, kids[990:]...))
	if got := w.childIDs(t, "p"); len(got) != 11 || len(replaced.Children) != 11 {
		t.Errorf("%d left; want len(got) == 11 and len(replaced.Children) == 11", len(got))
	}

	d := draft(identity.Profile{})
	d.ID, d.Children = "full", kids[:31]
	_, err = w.Create(ctx, d)
	wantField(t, err, identity.FieldChildren, "must name at most 30 identities; add more once it is there")
	d.Children = kids[:30]
	if created := w.mustCreate(t, d); len(created.Children) != 30 || !created.MayHaveChildren {
		t.Errorf("%d children; want len(created.Children) == 30 and created.MayHaveChildren", len(created.Children))
	}
	d.ID, d.Children = "other", []string{kids[0], "nobody"}
	_, err = w.Create(ctx, d)
	wantDanglingReference(t, err, "children.1")
	d.Children = []string{kids[0], kids[0]}
	_, err = w.Create(ctx, d)
	wantField(t, err, "children.1", "stands twice in the list")
}

// TestReplaceManyChildrenWithManyDescendants: what is checked below the new children and what is
// removed must fit in a transaction together.
func TestReplaceManyChildrenWithManyDescendants(t *testing.T) {
	w := newTestRegistry(t)
	old, below := w.createMany(t, "old", 60), w.createMany(t, "below", 45)
	w.createWithID(t, "p")
	w.createWithID(t, "new")
	w.mustUpdate(t, childrenUpdate("p", registry.AddChildren, old...))
	w.mustUpdate(t, childrenUpdate("new", registry.AddChildren, below...))
	w.mustUpdate(t, childrenUpdate("p", registry.ReplaceChildren, "new"))
	if got := w.childIDs(t, "p"); !slices.Equal(got, []string{"new"}) {
		t.Errorf("got = %v, want %v", got, []string{"new"})
	}
	for _, id := range append(old, "new") {
		want := 0
		if id == "new" {
			want = 1
		}
		if parents, err := w.ListParents(ctx, "acme", id); err != nil || len(parents) != want {
			t.Errorf("%s has %d parents, %v; want no error and len(parents) == want", id, len(parents), err)
		}
	}
	w.createWithID(t, "below45")
	w.mustUpdate(t, childrenUpdate("new", registry.AddChildren, "below45", "old0", "old1", "old2", "old3"))
	w.createWithID(t, "q")
	w.mustUpdate(t, childrenUpdate("q", registry.AddChildren, "new")) // 50 below
	w.createWithID(t, "one-more")
	w.mustUpdate(t, childrenUpdate("new", registry.AddChildren, "one-more"))
	w.createWithID(t, "r")
	_, err := w.Update(ctx, childrenUpdate("r", registry.AddChildren, "new"))
	wantStateError(t, err, "too many identities stand below the new children")
}

// TestConcurrentLinksCannotFormACycle: two links that make a cycle together never both
// come about, however deep it is.
func TestConcurrentLinksCannotFormACycle(t *testing.T) {
	repeats := 5
	if testenv.Has(testenv.Soak) {
		repeats = 20
	}
	for _, between := range []int{0, 1, 2} {
		for range repeats {
			w := newTestRegistry(t)
			w.Store = w.store.Store
			a, b := w.createMany(t, "a", between+1), w.createMany(t, "b", between+1)
			for n := range between {
				w.mustUpdate(t, childrenUpdate(a[n], registry.AddChildren, a[n+1]))
				w.mustUpdate(t, childrenUpdate(b[n], registry.AddChildren, b[n+1]))
			}
			var first, second error
			var group sync.WaitGroup
			group.Go(func() { _, first = w.Update(ctx, childrenUpdate(a[between], registry.AddChildren, b[0])) })
			group.Go(func() { _, second = w.Update(ctx, childrenUpdate(b[between], registry.AddChildren, a[0])) })
			group.Wait()
			if (first == nil) == (second == nil) {
				t.Fatalf("%d between: %v and %v; want (first == nil) != (second == nil)", between, first, second)
			}
			wantStateError(t, errors.Join(first, second), "an identity cannot be its own ancestor")
		}
	}
}

func TestParents(t *testing.T) {
	w := newTestRegistry(t)
	w.createLinked(t, "ac", "bc", "cd")
	parents, err := w.ListParents(ctx, "acme", "c")
	if err != nil || len(parents) != 2 || parents[0].ID == parents[1].ID {
		t.Errorf("%d parents, %v, want 2 different ones", len(parents), err)
	}
	w.mustDelete(t, "a")
	parents, err = w.ListParents(ctx, "acme", "c")
	if err != nil || len(parents) != 1 || parents[0].ID != "b" {
		t.Errorf("%d parents, %v, want only b", len(parents), err)
	}
	for _, id := range []string{"a", "x", "a#"} {
		if _, err := w.ListParents(ctx, "acme", id); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("%s: %v; want identity.ErrNotFound", id, err)
		}
	}
	if _, err := w.ListParents(ctx, "other", "c"); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("another tenant's: error = %v, want ErrNotFound", err)
	}
}
