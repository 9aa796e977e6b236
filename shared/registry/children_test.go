package registry_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

func childrenUpdate(id string, mode registry.ChildrenUpdateMode, children ...string) registry.Change {
	return registry.Change{Tenant: "acme", ID: id, Children: &registry.ChildrenUpdate{Children: children, Mode: mode}}
}

func (w *testRegistry) addChildren(t *testing.T, id string, children ...string) {
	t.Helper()
	w.mustUpdate(t, childrenUpdate(id, registry.AddChildren, children...))
}

// createMany creates n identities whose ids have a prefix.
func (w *testRegistry) createMany(t *testing.T, prefix string, n int) (ids []string) {
	t.Helper()
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s%d", prefix, i))
		w.createWithID(t, ids[i])
	}
	return ids
}

// createLinked creates identities with ids of one letter and links them: "ab" makes b a child of a.
func (w *testRegistry) createLinked(t *testing.T, links ...string) {
	t.Helper()
	for _, l := range links {
		for _, id := range strings.Split(l, "") {
			if _, err := w.Get(ctx, "acme", id); errors.Is(err, identity.ErrNotFound) {
				w.createWithID(t, id)
			}
		}
		w.addChildren(t, l[:1], l[1:])
	}
}

// wantChildren checks the ids of all children, which want lists in their order.
func (w *testRegistry) wantChildren(t *testing.T, what, id string, want ...string) {
	t.Helper()
	entries := testenv.Must(w.Store.Entries(ctx, identity.Index{Tenant: "acme", ChildrenOf: id}, nil, 5000, false))(t)
	var got []string
	for _, e := range entries {
		got = append(got, e.ID)
	}
	slices.Sort(got)
	if !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("%s: children of %s = %v, want %v", what, id, got, want)
	}
}

// TestLargeChildren links children that exceed the size of a transaction together.
func TestLargeChildren(t *testing.T) {
	w := newTestRegistry(t)
	large := identity.JSON(`{"t":"` + strings.Repeat("x", 250<<10) + `"}`)
	var ids []string
	for range 20 {
		ids = append(ids, w.mustCreate(t, draft(identity.Profile{FirstName: "Kid", Metadata: large})).ID)
	}
	parent := w.mustCreate(t, draft(identity.Profile{FirstName: "Parent", Metadata: large})).ID
	w.addChildren(t, parent, ids...)
	w.wantChildren(t, "20 of 250 KB", parent, ids...)
	d := draft(identity.Profile{FirstName: "New"})
	d.Children = ids
	_, err := w.Create(ctx, d)
	if invalid := errorAs[*identity.Invalid](t, "create with 20 of 250 KB", err); invalid.Field != identity.FieldChildren {
		t.Errorf("error names %s, want %s", invalid.Field, identity.FieldChildren)
	}
}

func TestChildrenUpdates(t *testing.T) {
	w := newTestRegistry(t)
	w.createWithID(t, "p")
	kids := w.createMany(t, "kid", 5)
	for _, tt := range []struct {
		name     string
		mode     registry.ChildrenUpdateMode
		children []string
		want     []string
		version  int64
	}{
		{"add two", registry.AddChildren, kids[:2], kids[:2], 2},
		{"add one of them again", registry.AddChildren, kids[:1], kids[:2], 2},
		{"add none", registry.AddChildren, nil, kids[:2], 2},
		{"add an old and a new one", registry.AddChildren, kids[1:3], kids[:3], 3},
		{"remove one", registry.RemoveChildren, kids[1:2], []string{kids[0], kids[2]}, 4},
		{"remove none", registry.RemoveChildren, nil, []string{kids[0], kids[2]}, 4},
		{"replace", registry.ReplaceChildren, kids[2:], kids[2:], 5},
		{"replace by the same", registry.ReplaceChildren, kids[2:], kids[2:], 5},
		{"replace by none", registry.ReplaceChildren, nil, nil, 6},
		{"replace none by none", registry.ReplaceChildren, nil, nil, 6},
	} {
		changed := w.mustUpdate(t, childrenUpdate("p", tt.mode, tt.children...))
		var shown []string
		for _, c := range changed.Children {
			shown = append(shown, c.FirstName)
		}
		slices.Sort(shown)
		if !slices.Equal(shown, tt.want) || changed.Version != tt.version {
			t.Errorf("%s: version %d with children %v, want version %d with %v", tt.name, changed.Version, shown, tt.version, tt.want)
		}
		w.wantChildren(t, tt.name, "p", tt.want...)
	}
}

func TestChildrenAreReadAsTheyAreNow(t *testing.T) {
	w := newTestRegistry(t)
	w.createLinked(t, "pa", "pb", "pc")
	w.mustUpdate(t, setFirstName("a", "Renamed"))
	w.mustDelete(t, "b")
	found := testenv.Must(w.GetWithChildren(ctx, "acme", "p"))(t)
	var names []string
	for _, c := range found.Children {
		names = append(names, c.FirstName)
	}
	slices.Sort(names)
	if want := []string{"Renamed", "c"}; !slices.Equal(names, want) {
		t.Errorf("names of the children = %v, want %v", names, want)
	}
}

const (
	cycle           = "an identity cannot be its own ancestor"
	tooManyChildren = "an identity has at most 1000 children"
)

func TestInvalidChildrenAreRejected(t *testing.T) {
	w := newTestRegistry(t)
	w.createLinked(t, "pa", "ab", "bc", "cd", "xy")
	foreign := draft(identity.Profile{})
	foreign.Tenant, foreign.ID = "other", "foreign"
	w.mustCreate(t, foreign)
	for _, mode := range []registry.ChildrenUpdateMode{registry.AddChildren, registry.ReplaceChildren} {
		reject := func(id string, children ...string) error {
			_, err := w.Update(ctx, childrenUpdate(id, mode, children...))
			return err
		}
		wantText[*identity.Invalid](t, "itself", reject("p", "x", "p"), "children.1 must not be the identity itself")
		wantText[*identity.Invalid](t, "one twice", reject("p", "x", "b", "x"), "children.2 occurs twice in the list")
		wantText[*identity.Invalid](t, "101", reject("p", make([]string, 101)...), "children must name at most 100 identities")
		for _, unknown := range []string{"absent", "foreign", "", "a#b", strings.Repeat("x", 65)} {
			wantText[*identity.DanglingReference](t, unknown, reject("p", "x", unknown, "none"), "children.1 names no identity")
		}
		for _, descendant := range []string{"a", "b", "c", "d"} {
			wantText[*identity.StateError](t, "a cycle", reject(descendant, "x", "p"), cycle)
		}
		wantText[*identity.StateError](t, "a cycle of two", reject("d", "c"), cycle)
	}
	_, err := w.Update(ctx, childrenUpdate("p", registry.RemoveChildren, "a", "b"))
	wantText[*identity.DanglingReference](t, "a grandchild removed", err, "children.1 names no identity")
	_, err = w.Update(ctx, childrenUpdate("y", registry.RemoveChildren, "a"))
	wantText[*identity.DanglingReference](t, "none removed", err, "children.0 names no identity")
	w.wantChildren(t, "after rejected changes", "p", "a")
}

// TestAddedChildrenMayBeRelated adds children that are below each other, share a child, or are grandchildren already.
func TestAddedChildrenMayBeRelated(t *testing.T) {
	w := newTestRegistry(t)
	w.createLinked(t, "ab", "bc", "ac", "dc", "ce")
	w.createWithID(t, "p")
	w.addChildren(t, "p", "a", "b", "c", "d")
	w.wantChildren(t, "added", "p", "a", "b", "c", "d")
	_, err := w.Update(ctx, childrenUpdate("e", registry.AddChildren, "p"))
	wantText[*identity.StateError](t, "a cycle", err, cycle)
}

func TestNumberOfChildrenIsLimited(t *testing.T) {
	w := newTestRegistry(t)
	w.createWithID(t, "p")
	kids := w.createMany(t, "kid", 1001)
	for some := range slices.Chunk(kids[:999], registry.MaxChildrenPerRequest) {
		w.addChildren(t, "p", some...)
	}
	_, err := w.Update(ctx, childrenUpdate("p", registry.AddChildren, kids[999:]...))
	wantText[*identity.StateError](t, "1001 children", err, tooManyChildren)
	w.addChildren(t, "p", kids[999])
	_, err = w.Update(ctx, childrenUpdate("p", registry.AddChildren, kids[1000]))
	wantText[*identity.StateError](t, "one more than 1000 children", err, tooManyChildren)
	w.wantChildren(t, "a thousand", "p", kids[:1000]...)
	if got := len(testenv.Must(w.GetWithChildren(ctx, "acme", "p"))(t).Children); got != registry.MaxChildrenInResponse {
		t.Errorf("%d children in the response, want %d", got, registry.MaxChildrenInResponse)
	}
	w.mustUpdate(t, childrenUpdate("p", registry.ReplaceChildren, kids[990:]...))
	w.wantChildren(t, "replaced", "p", kids[990:]...)
}

func TestChildrenOfADraft(t *testing.T) {
	w := newTestRegistry(t)
	kids := w.createMany(t, "kid", 31)
	d := draft(identity.Profile{})
	d.Children = kids
	_, err := w.Create(ctx, d)
	wantText[*identity.Invalid](t, "31", err, "children must name at most 30 identities; add more once it is there")
	d.Children = []string{"kid0", "absent"}
	_, err = w.Create(ctx, d)
	wantText[*identity.DanglingReference](t, "an unknown one", err, "children.1 names no identity")
	d.Children = []string{"kid0", "kid0"}
	_, err = w.Create(ctx, d)
	wantText[*identity.Invalid](t, "one twice", err, "children.1 occurs twice in the list")
	d.Children = kids[:30]
	if created := w.mustCreate(t, d); len(created.Children) != 30 || !created.MayHaveChildren {
		t.Errorf("%d children, MayHaveChildren = %v, want 30 and true", len(created.Children), created.MayHaveChildren)
	}
}

// TestReplaceManyChildrenWithManyDescendants needs more checks and removals than fit in one transaction.
func TestReplaceManyChildrenWithManyDescendants(t *testing.T) {
	w := newTestRegistry(t)
	old, below := w.createMany(t, "old", 60), w.createMany(t, "below", 45)
	w.createLinked(t, "pn")
	w.addChildren(t, "p", old...)
	w.addChildren(t, "n", below...)
	w.mustUpdate(t, childrenUpdate("p", registry.ReplaceChildren, "n"))
	w.wantChildren(t, "replaced", "p", "n")
	for _, id := range append(old, "n") {
		parents := testenv.Must(w.ListParents(ctx, "acme", id))(t)
		if hasParent := len(parents) == 1; hasParent != (id == "n") {
			t.Errorf("%s has %d parents, want only n to have one", id, len(parents))
		}
	}
}

// TestLinksAreWrittenInBatches counts the versions of an update. A transaction holds 90 writes for links, 45 if the
// descendants of new children are checked too; adding a child takes 3 of them, removing one 2.
func TestLinksAreWrittenInBatches(t *testing.T) {
	for name, tt := range map[string]struct {
		remove, add int
		related     bool // a new child has a child of its own
		want        int64
	}{
		"30 added":                  {0, 30, false, 1},
		"31 added":                  {0, 31, false, 2},
		"15 added with descendants": {0, 15, true, 1},
		"16 added with descendants": {0, 16, true, 2},
		"45 removed":                {45, 0, false, 1},
		"46 removed":                {46, 0, false, 2},
		"20 added, 15 removed":      {15, 20, false, 1},
		"20 added, 16 removed":      {16, 20, false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTestRegistry(t)
			w.createWithID(t, "p")
			w.addChildren(t, "p", w.createMany(t, "old", tt.remove)...)
			added := w.createMany(t, "new", tt.add)
			if tt.related {
				w.createWithID(t, "grandchild")
				w.addChildren(t, "new0", "grandchild")
			}
			before := w.mustGet(t, "p").Version

			changed := w.mustUpdate(t, childrenUpdate("p", registry.ReplaceChildren, added...))

			if got := changed.Version - before; got != tt.want {
				t.Errorf("versions = %d, want %d", got, tt.want)
			}
			w.wantChildren(t, "replaced", "p", added...)
		})
	}
}

func TestNumberOfDescendantsIsLimited(t *testing.T) {
	w := newTestRegistry(t)
	w.createLinked(t, "qx", "nm")
	w.createWithID(t, "p")
	w.addChildren(t, "n", w.createMany(t, "below", 49)...)
	w.addChildren(t, "p", "n")
	w.createLinked(t, "no")
	_, err := w.Update(ctx, childrenUpdate("q", registry.AddChildren, "n"))
	wantText[*identity.StateError](t, "51 descendants", err, "the new children have too many descendants")
}

// TestConcurrentLinksCannotFormACycle adds two links that form a cycle together, through more and more identities.
func TestConcurrentLinksCannotFormACycle(t *testing.T) {
	repeats := 5
	if testenv.Has(testenv.Soak) {
		repeats = 20
	}
	for n := range 3 * repeats {
		between := n % 3
		w := newTestRegistry(t)
		chains := [2][]string{w.createMany(t, "a", between+1), w.createMany(t, "b", between+1)}
		for _, ids := range chains {
			for n := range between {
				w.addChildren(t, ids[n], ids[n+1])
			}
		}
		errs := concurrently(2, func(n int) error {
			_, err := w.Update(ctx, childrenUpdate(chains[n][between], registry.AddChildren, chains[1-n][0]))
			return err
		})
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("%d between: errors %v and %v, want one update to succeed", between, errs[0], errs[1])
		}
		wantText[*identity.StateError](t, "the other update", errors.Join(errs...), cycle)
	}
}

func TestListParents(t *testing.T) {
	w := newTestRegistry(t)
	w.createLinked(t, "ac", "bc", "cd")
	parents := testenv.Must(w.ListParents(ctx, "acme", "c"))(t)
	if len(parents) != 2 || parents[0].ID == parents[1].ID {
		t.Errorf("ListParents() = %+v, want two", parents)
	}
	w.mustDelete(t, "a")
	parents = testenv.Must(w.ListParents(ctx, "acme", "c"))(t)
	if len(parents) != 1 || parents[0].ID != "b" {
		t.Errorf("ListParents() = %+v after a was deleted, want only b", parents)
	}
	for _, unknown := range [][2]string{{"acme", "a"}, {"acme", "x"}, {"acme", "a#"}, {"other", "c"}} {
		_, err := w.ListParents(ctx, unknown[0], unknown[1])
		wantIs(t, fmt.Sprint(unknown), err, identity.ErrNotFound)
	}
}
