package identity_test

import (
	"errors"
	"testing"

	"cedula/shared/identity"
)

// TestCreateIsReplayedWithoutItsChild: the same request is the same answer, also
// when it could not be carried out any more.
func TestCreateIsReplayedWithoutItsChild(t *testing.T) {
	w := newWorld(t)
	child := draft(identity.Profile{})
	child.ID = "child"
	if _, err := w.Create(ctx, child); err != nil {
		t.Fatal(err)
	}
	parent := draft(identity.Profile{})
	parent.ID, parent.Children = "parent", []string{"child"}
	parent.Idempotency = identity.Idempotency{Key: "k", Fingerprint: [32]byte{1}}
	first, err := w.Create(ctx, parent)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Delete(ctx, child.Tenant, "child", nil); err != nil {
		t.Fatal(err)
	}
	again, err := w.Create(ctx, parent)
	if err != nil || !again.Replayed || again.ID != first.ID {
		t.Errorf("sent again: %v, replayed %v", err, again.Replayed)
	}
	parent.Idempotency.Fingerprint = [32]byte{2}
	if _, err := w.Create(ctx, parent); !errors.Is(err, identity.ErrIdempotencyReused) {
		t.Errorf("another request under the key: %v", err)
	}
	parent.Idempotency = identity.Idempotency{}
	var unknown *identity.Unknown
	if _, err := w.Create(ctx, parent); !errors.As(err, &unknown) {
		t.Errorf("without a key: %v", err)
	}
}
