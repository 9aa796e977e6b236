package store_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
)

const newMember = "zz"

// addMembers adds a member to every object in a JSON value, but not in those that clients send.
func addMembers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if !strings.Contains(" kyc wl r ed m ", " "+name+" ") {
				v[name] = addMembers(member)
			}
		}
		v[newMember] = map[string]any{"of": "a newer release"}
	case []any:
		for n := range v {
			v[n] = addMembers(v[n])
		}
	}
	return v
}

// rewriteBody changes the body of an item as another release would.
func rewriteBody(t *testing.T, db table.Table, key table.Key, change func(any) any) {
	t.Helper()
	item := readItem(t, db, key)
	var v any
	if err := json.Unmarshal(item.Body, &v); err != nil {
		t.Fatal(err)
	}
	var err error
	item.Body, err = json.Marshal(change(v))
	mustSucceed(t, err)
	_, err = db.Write(ctx, table.Put(item, table.Always()))
	mustSucceed(t, err)
}

func readItem(t *testing.T, db table.Table, key table.Key) table.Item {
	t.Helper()
	found, err := db.Get(ctx, true, key)
	if err != nil || len(found.Items) != 1 {
		t.Fatalf("Get(%v) = %d items, %v, want one", key, len(found.Items), err)
	}
	return found.Items[0]
}

// TestUnknownMembersAreKept: a newer release has added a member to every object of the records. Each operation that rewrites a
// record keeps them.
func TestUnknownMembersAreKept(t *testing.T) {
	db := openPebble(t)
	s := store.New(db, secret)
	key := table.Key{PK: "T#t#I#a", SK: "#"}
	full := fullIdentity("a")
	full.Version, full.EncryptedFields = 1, []identity.EncryptedField{{Field: identity.FieldFirstName, Ciphertext: []byte("123456789012"), LookupKey: "l"}}
	mustCreate(t, s, full, nil, identity.Idempotency{})
	rewriteBody(t, db, key, addMembers)
	want := strings.Count(string(readItem(t, db, key).Body), newMember)
	if want < 9 {
		t.Fatalf("%d objects have a new member, want each level of the record", want)
	}
	read := func() identity.Identity {
		i, err := s.Get(ctx, "t", "a")
		mustSucceed(t, err)
		return i
	}
	for _, tt := range []struct {
		name   string
		change func(i identity.Identity) error
		lost   int // with objects that the change removes
	}{
		{"change", func(i identity.Identity) error {
			_, err := s.Update(ctx, nextVersion(i, "Bea"), nil, identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{})
			return err
		}, 0},
		{"parent", func(i identity.Identity) error {
			_, err := s.Create(ctx, minimalIdentity("p"), nil, identity.Idempotency{}, identity.LinkChanges{Add: []identity.Identity{i}})
			return err
		}, 0},
		{"withdrawal account", func(i identity.Identity) error {
			i.Version++
			_, err := s.AddWithdrawalAccount(ctx, i, identity.BankAccount{ID: "w"}, identity.Idempotency{})
			return err
		}, 0},
		{"one verification of two changes", func(i identity.Identity) error {
			i = nextVersion(i.Clone(), "Cleo")
			i.SetVerification(identity.Verification{Channel: identity.ChannelEmail, Waived: true})
			_, err := s.Update(ctx, i, nil, identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{})
			return err
		}, 0},
		{"hold ends", func(i identity.Identity) error {
			i = nextVersion(i, "Dora")
			i.Hold = nil
			_, err := s.Update(ctx, i, nil, identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{})
			return err
		}, 1},
	} {
		mustSucceed(t, tt.change(read()))
		want -= tt.lost
		if got := strings.Count(string(readItem(t, db, key).Body), newMember); got != want {
			t.Errorf("%s: %d new members are left, want %d", tt.name, got, want)
		}
	}
}

func TestUnknownMembersOfClientsAndMessagesAreKept(t *testing.T) {
	db := openPebble(t)
	s := store.New(db, secret)
	mustSucceed(t, s.CreateClient(ctx, auth.Client{ID: "c1", Tenant: "t", Secrets: []auth.Secret{{Expires: now}}}))
	message := identity.Message{ID: "m1", Tenant: "t", IdentityID: "a", Channel: identity.ChannelEmail, To: "a@example.com", ExpiresAt: now.Add(time.Hour)}
	mustSucceed(t, s.Enqueue(ctx, message))
	for key, change := range map[table.Key]func() error{
		{PK: "C#c1", SK: "#"}: func() error {
			_, err := s.UpdateClient(ctx, "c1", func(c *auth.Client) error { c.Suspended = true; return nil })
			return err
		},
		{PK: "M#m1", SK: "#"}: func() error { _, _, err := s.Lease(ctx, "m1", now, time.Second); return err },
	} {
		rewriteBody(t, db, key, addMembers)
		want := strings.Count(string(readItem(t, db, key).Body), newMember)
		mustSucceed(t, change())
		if got := strings.Count(string(readItem(t, db, key).Body), newMember); got != want {
			t.Errorf("%s: %d new members are left, want %d", key.PK, got, want)
		}
	}
}

// TestNewerFormatIsAnError: a record of a newer format is neither absent nor rewritten.
func TestNewerFormatIsAnError(t *testing.T) {
	db := openPebble(t)
	s := store.New(db, secret)
	mustCreate(t, s, minimalIdentity("a"), nil, identity.Idempotency{})
	rewriteBody(t, db, table.Key{PK: "T#t#I#a", SK: "#"}, func(v any) any {
		record := v.(map[string]any)
		record["fmt"], record["c"] = 2, "another type"
		return record
	})
	const want = "store: identity record has format 2; this release reads up to 1: use a newer release"
	_, err := s.Get(ctx, "t", "a")
	_, many := s.GetMany(ctx, "t", []string{"a"})
	for name, err := range map[string]error{"Get": err, "GetMany": errors.Unwrap(many), "Delete": s.Delete(ctx, "t", "a", now, nil)} {
		if err == nil || err.Error() != want {
			t.Errorf("%s: error = %v, want %s", name, err, want)
		}
	}
}
