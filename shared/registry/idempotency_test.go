package registry_test

import (
	"errors"
	"testing"
	"time"

	"cedula/shared/identity"
)

// TestIdempotencyKeyOutlivesDeletion: the key of what was deleted stays used for its day,
// whatever comes under it; with another key the same is made.
func TestIdempotencyKeyOutlivesDeletion(t *testing.T) {
	w := newTestRegistry(t)
	d := draft(identity.Profile{})
	d.ID, d.Idempotency = "x", identity.Idempotency{Key: "k", Fingerprint: [32]byte{1}}
	w.now = time.Now()
	w.mustCreate(t, d)
	if err := w.Delete(ctx, d.Tenant, "x", nil); err != nil {
		t.Fatal(err)
	}
	for _, request := range []byte{1, 2} {
		d.Idempotency.Fingerprint = [32]byte{request}
		if _, err := w.Create(ctx, d); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("request %d: %v; want identity.ErrNotFound", request, err)
		}
	}
	if _, err := w.Get(ctx, d.Tenant, "x"); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("it is there again: %v; want identity.ErrNotFound", err)
	}
	d.Idempotency.Key = "other"
	if made, err := w.Create(ctx, d); err != nil || made.Replayed {
		t.Errorf("with another key: %v; want no error and not made.Replayed", err)
	}
	w.now = w.now.Add(24 * time.Hour)
	d.ID, d.Idempotency.Key = "y", "k"
	if made, err := w.Create(ctx, d); err != nil || made.Replayed {
		t.Errorf("a day later: %v; want no error and not made.Replayed", err)
	}
}

// TestCreateIsReplayedAfterItsChildIsDeleted: the same request is the same answer, also
// when it could not be carried out any more.
func TestCreateIsReplayedAfterItsChildIsDeleted(t *testing.T) {
	w := newTestRegistry(t)
	child := draft(identity.Profile{})
	child.ID = "child"
	w.mustCreate(t, child)
	parent := draft(identity.Profile{})
	parent.ID, parent.Children = "parent", []string{"child"}
	parent.Idempotency = identity.Idempotency{Key: "k", Fingerprint: [32]byte{1}}
	first := w.mustCreate(t, parent)
	if err := w.Delete(ctx, child.Tenant, "child", nil); err != nil {
		t.Fatal(err)
	}
	again, err := w.Create(ctx, parent)
	if err != nil || !again.Replayed || again.ID != first.ID {
		t.Errorf("sent again: %v, replayed %v; want no error and again.Replayed and again.ID == first.ID", err, again.Replayed)
	}
	parent.Idempotency.Fingerprint = [32]byte{2}
	if _, err := w.Create(ctx, parent); !errors.Is(err, identity.ErrIdempotencyReused) {
		t.Errorf("another request under the key: %v; want identity.ErrIdempotencyReused", err)
	}
	parent.Idempotency = identity.Idempotency{}
	var unknown *identity.DanglingReference
	if _, err := w.Create(ctx, parent); !errors.As(err, &unknown) {
		t.Errorf("without a key: %v; want a *identity.DanglingReference", err)
	}
}
