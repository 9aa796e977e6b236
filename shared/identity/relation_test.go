package identity_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"cedula/shared/identity"
)

func relink(id string, mode identity.RelinkMode, children ...string) identity.Change {
	return identity.Change{Tenant: "acme", ID: id, Relink: &identity.Relinking{Children: children, Mode: mode}}
}

// people creates n identities with ids of a prefix.
func (w *world) people(t *testing.T, prefix string, n int) (ids []string) {
	t.Helper()
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s%d", prefix, i))
		w.named(t, ids[i])
	}
	return ids
}

// family creates identities of one letter and links them: "ab" makes b a child of a.
func (w *world) family(t *testing.T, links ...string) {
	t.Helper()
	for _, l := range links {
		for _, id := range strings.Split(l, "") {
			if _, err := w.Get(ctx, "acme", id); errors.Is(err, identity.ErrNotFound) {
				w.named(t, id)
			}
		}
		w.change(t, relink(l[:1], identity.LinkChildren, l[1:]))
	}
}

// childrenOf reads all of an identity's children, sorted by id.
func (w *world) childrenOf(t *testing.T, id string) (ids []string) {
	t.Helper()
	entries, err := w.Store.Entries(ctx, identity.Source{Tenant: "acme", ChildrenOf: id}, nil, 5000, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	return ids
}

func wantUnknown(t *testing.T, err error, field identity.Field) {
	t.Helper()
	var unknown *identity.Unknown
	if !errors.As(err, &unknown) || unknown.Field != field {
		t.Errorf("got %v, want %s unknown", err, field)
	}
}

func wantPrecondition(t *testing.T, err error, reason string) {
	t.Helper()
	var state *identity.Precondition
	if !errors.As(err, &state) || state.Reason != reason {
		t.Errorf("got %v, want %q", err, reason)
	}
}

func TestChildren(t *testing.T) {
	w := newWorld(t)
	w.named(t, "p")
	kids := w.people(t, "kid", 5)
	steps := []struct {
		name     string
		mode     identity.RelinkMode
		children []string
		want     []string
		version  int64
	}{
		{"link two", identity.LinkChildren, kids[:2], kids[:2], 2},
		{"link one of them again", identity.LinkChildren, kids[:1], kids[:2], 2},
		{"link nobody", identity.LinkChildren, nil, kids[:2], 2},
		{"link an old and a new one", identity.LinkChildren, kids[1:3], kids[:3], 3},
		{"unlink one", identity.UnlinkChildren, kids[1:2], []string{kids[0], kids[2]}, 4},
		{"unlink nobody", identity.UnlinkChildren, nil, []string{kids[0], kids[2]}, 4},
		{"replace", identity.ReplaceChildren, kids[2:], kids[2:], 5},
		{"replace by the same", identity.ReplaceChildren, kids[2:], kids[2:], 5},
		{"replace by nobody", identity.ReplaceChildren, nil, nil, 6},
		{"replace nobody by nobody", identity.ReplaceChildren, nil, nil, 6},
	}
	for _, tt := range steps {
		changed := w.change(t, relink("p", tt.mode, tt.children...))
		var shown []string
		for _, c := range changed.Children {
			shown = append(shown, c.ID)
			if c.FirstName != c.ID {
				t.Errorf("%s: a child is called %s", tt.name, c.FirstName)
			}
		}
		slices.Sort(shown)
		if got := w.childrenOf(t, "p"); !slices.Equal(got, tt.want) || !slices.Equal(shown, tt.want) || changed.Version != tt.version {
			t.Errorf("%s: version %d, children %v, shown %v", tt.name, changed.Version, got, shown)
		}
	}
	w.change(t, relink("p", identity.LinkChildren, kids...))
	w.change(t, rename(kids[0], "Renamed"))
	if err := w.Delete(ctx, "acme", kids[1], nil); err != nil {
		t.Fatal(err)
	}
	found, err := w.GetWithChildren(ctx, "acme", "p")
	if err != nil || len(found.Children) != 4 {
		t.Errorf("%d children, %v", len(found.Children), err)
	}
	if !slices.ContainsFunc(found.Children, func(c identity.Identity) bool { return c.FirstName == "Renamed" }) {
		t.Error("a child's new name is not shown")
	}
}

func TestRefusedChildren(t *testing.T) {
	w := newWorld(t)
	w.family(t, "pa", "ab", "bc", "cd", "xy")
	foreign := draft(identity.Profile{})
	foreign.Tenant, foreign.ID = "other", "foreign"
	w.create(t, foreign)
	const cycle = "an identity cannot be its own ancestor"
	before := w.childrenOf(t, "p")
	for _, mode := range []identity.RelinkMode{identity.LinkChildren, identity.ReplaceChildren} {
		_, err := w.Change(ctx, relink("p", mode, "x", "p"))
		wantField(t, err, "children.1", "must not be the identity itself")
		_, err = w.Change(ctx, relink("p", mode, "x", "b", "x"))
		wantField(t, err, "children.2", "stands twice in the list")
		for _, unknown := range []string{"nobody", "foreign", "", "a#b", strings.Repeat("x", 65)} {
			_, err = w.Change(ctx, relink("p", mode, "x", unknown, "none"))
			wantUnknown(t, err, "children.1")
		}
		for _, below := range []string{"a", "b", "c", "d"} {
			_, err = w.Change(ctx, relink(below, mode, "x", "p"))
			wantPrecondition(t, err, cycle)
		}
		_, err = w.Change(ctx, relink("d", mode, "c"))
		wantPrecondition(t, err, cycle)
		_, err = w.Change(ctx, relink("p", mode, make([]string, 101)...))
		wantField(t, err, identity.FieldChildren, "must name at most 100 identities")
	}
	_, err := w.Change(ctx, relink("p", identity.UnlinkChildren, "a", "b"))
	wantUnknown(t, err, "children.1")
	_, err = w.Change(ctx, relink("y", identity.UnlinkChildren, "a"))
	wantUnknown(t, err, "children.0")
	if after := w.childrenOf(t, "p"); !slices.Equal(before, after) {
		t.Errorf("refused changes made %v of %v", after, before)
	}
}

// TestKinWithinOneRequest: new children may stand below each other, or share a
// child, or already be grandchildren.
func TestKinWithinOneRequest(t *testing.T) {
	w := newWorld(t)
	w.family(t, "ab", "bc", "ac", "dc", "ce")
	w.named(t, "p")
	w.change(t, relink("p", identity.LinkChildren, "a", "b", "c", "d"))
	if got := w.childrenOf(t, "p"); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Error(got)
	}
	_, err := w.Change(ctx, relink("e", identity.LinkChildren, "p"))
	wantPrecondition(t, err, "an identity cannot be its own ancestor")
}

func TestLimitsOfChildren(t *testing.T) {
	w := newWorld(t)
	w.named(t, "p")
	kids := w.people(t, "kid", 1001)
	for n := range 9 {
		w.change(t, relink("p", identity.LinkChildren, kids[100*n:100*n+100]...))
	}
	w.change(t, relink("p", identity.LinkChildren, kids[900:999]...))
	const tooMany = "an identity has at most 1000 children"
	_, err := w.Change(ctx, relink("p", identity.LinkChildren, kids[999:]...))
	wantPrecondition(t, err, tooMany)
	w.change(t, relink("p", identity.LinkChildren, kids[999]))
	_, err = w.Change(ctx, relink("p", identity.LinkChildren, kids[1000]))
	wantPrecondition(t, err, tooMany)
	found, err := w.GetWithChildren(ctx, "acme", "p")
	if err != nil || len(found.Children) != identity.ChildrenShown || len(w.childrenOf(t, "p")) != 1000 {
		t.Errorf("%d shown, %v", len(found.Children), err)
	}
	replaced := w.change(t, relink("p", identity.ReplaceChildren, kids[990:]...))
	if got := w.childrenOf(t, "p"); len(got) != 11 || len(replaced.Children) != 11 {
		t.Errorf("%d left", len(got))
	}

	d := draft(identity.Profile{})
	d.ID, d.Children = "full", kids[:31]
	_, err = w.Create(ctx, d)
	wantField(t, err, identity.FieldChildren, "must name at most 30 identities; add more once it is there")
	d.Children = kids[:30]
	if created := w.create(t, d); len(created.Children) != 30 || !created.Parent {
		t.Errorf("%d children", len(created.Children))
	}
	d.ID, d.Children = "other", []string{kids[0], "nobody"}
	_, err = w.Create(ctx, d)
	wantUnknown(t, err, "children.1")
	d.Children = []string{kids[0], kids[0]}
	_, err = w.Create(ctx, d)
	wantField(t, err, "children.1", "stands twice in the list")
}

// TestReplaceManyAboveMany: what is checked below the new children and what is
// removed must fit in a transaction together.
func TestReplaceManyAboveMany(t *testing.T) {
	w := newWorld(t)
	old, below := w.people(t, "old", 60), w.people(t, "below", 45)
	w.named(t, "p")
	w.named(t, "new")
	w.change(t, relink("p", identity.LinkChildren, old...))
	w.change(t, relink("new", identity.LinkChildren, below...))
	w.change(t, relink("p", identity.ReplaceChildren, "new"))
	if got := w.childrenOf(t, "p"); !slices.Equal(got, []string{"new"}) {
		t.Error(got)
	}
	for _, id := range append(old, "new") {
		want := 0
		if id == "new" {
			want = 1
		}
		if parents, err := w.Parents(ctx, "acme", id); err != nil || len(parents) != want {
			t.Errorf("%s has %d parents, %v", id, len(parents), err)
		}
	}
	w.named(t, "below45")
	w.change(t, relink("new", identity.LinkChildren, "below45", "old0", "old1", "old2", "old3"))
	w.named(t, "q")
	w.change(t, relink("q", identity.LinkChildren, "new")) // 50 below
	w.named(t, "one-more")
	w.change(t, relink("new", identity.LinkChildren, "one-more"))
	w.named(t, "r")
	_, err := w.Change(ctx, relink("r", identity.LinkChildren, "new"))
	wantPrecondition(t, err, "too many identities stand below the new children")
}

// TestOppositeLinksAtOnce: two links that make a cycle together never both
// come about, however deep it is.
func TestOppositeLinksAtOnce(t *testing.T) {
	for _, between := range []int{0, 1, 2} {
		for range 20 {
			w := newWorld(t)
			w.Store = w.store.Store
			a, b := w.people(t, "a", between+1), w.people(t, "b", between+1)
			for n := range between {
				w.change(t, relink(a[n], identity.LinkChildren, a[n+1]))
				w.change(t, relink(b[n], identity.LinkChildren, b[n+1]))
			}
			var first, second error
			var group sync.WaitGroup
			group.Go(func() { _, first = w.Change(ctx, relink(a[between], identity.LinkChildren, b[0])) })
			group.Go(func() { _, second = w.Change(ctx, relink(b[between], identity.LinkChildren, a[0])) })
			group.Wait()
			if (first == nil) == (second == nil) {
				t.Fatalf("%d between: %v and %v", between, first, second)
			}
			wantPrecondition(t, errors.Join(first, second), "an identity cannot be its own ancestor")
		}
	}
}

func TestParents(t *testing.T) {
	w := newWorld(t)
	w.family(t, "ac", "bc", "cd")
	parents, err := w.Parents(ctx, "acme", "c")
	if err != nil || len(parents) != 2 || parents[0].ID == parents[1].ID {
		t.Errorf("%d parents, %v", len(parents), err)
	}
	if err := w.Delete(ctx, "acme", "a", nil); err != nil {
		t.Fatal(err)
	}
	parents, err = w.Parents(ctx, "acme", "c")
	if err != nil || len(parents) != 1 || parents[0].ID != "b" {
		t.Errorf("%d parents, %v", len(parents), err)
	}
	for _, id := range []string{"a", "x", "a#"} {
		if _, err := w.Parents(ctx, "acme", id); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := w.Parents(ctx, "other", "c"); !errors.Is(err, identity.ErrNotFound) {
		t.Error(err)
	}
}
