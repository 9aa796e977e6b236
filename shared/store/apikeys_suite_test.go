package store_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
)

// fullAPIKey is a key with every field set.
func fullAPIKey(client string, n int) auth.Key {
	return auth.Key{
		ID: fmt.Sprintf("%sk%04d", client, n), Client: client, API: "blnk", Hash: auth.Hash{byte(n)}, Scopes: auth.Scopes{"a", "b"},
		Expires: now.Add(time.Hour), Created: now, Name: "n", Owner: "o", RequestedScopes: []string{"x:y", "*:*"}, CreatedBy: client + "own",
	}
}

func createClientWithKey(t *testing.T, s *store.Store, client string) auth.Key {
	t.Helper()
	own := auth.Key{ID: client + "own", Client: client, API: "blnk", Hash: auth.Hash{9}, Created: now}
	mustSucceed(t, s.CreateClient(ctx, auth.Client{ID: client, Tenant: "t", Created: now}, own))
	return own
}

// wantKeys compares a client's keys, whatever their order.
func wantKeys(t *testing.T, s *store.Store, client string, want ...auth.Key) {
	t.Helper()
	c, got, err := s.Keys(ctx, client)
	if c.ID != client {
		t.Errorf("client = %q, want %q", c.ID, client)
	}
	byID := func(a, b auth.Key) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(got, byID)
	slices.SortFunc(want, byID)
	wantEqual(t, want, got, err)
}

func testCreateKey(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	own, other := createClientWithKey(t, s, "c1"), createClientWithKey(t, s, "c10")
	first, second := fullAPIKey("c1", 1), fullAPIKey("c1", 2)
	second.Scopes, second.RequestedScopes, second.Owner, second.Expires = auth.Scopes{}, nil, "", time.Time{}
	for _, k := range []auth.Key{first, second} {
		calls.Reset()
		mustSucceed(t, s.CreateKey(ctx, k))
		wantCalls(t, calls, "a creation", faulttable.Calls{Write: 1})
	}
	wantKeys(t, s, "c1", own, first, second)
	wantKeys(t, s, "c10", other)
	_, _, err := s.Keys(ctx, "absent")
	wantError(t, "keys of an absent client", err, auth.ErrNotFound)
	wantCalls(t, calls, "three lists", faulttable.Calls{Query: 3})
	_, got, err := s.Credentials(ctx, "c1", first.ID)
	wantEqual(t, first, got, err)
	wantError(t, "taken id", s.CreateKey(ctx, first), auth.ErrAlreadyExists)
	wantError(t, "no such client", s.CreateKey(ctx, fullAPIKey("c2", 1)), auth.ErrNotFound)
	_, _, err = s.Keys(ctx, "c2")
	wantError(t, "keys of a client that was not created", err, auth.ErrNotFound)
}

// testKeysAcrossPages reads more keys than fit in one page of the table.
func testKeysAcrossPages(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	own := createClientWithKey(t, s, "c1")
	want := []auth.Key{own}
	for n := range 300 {
		k := fullAPIKey("c1", n)
		k.Name = strings.Repeat("n", 6<<10)
		mustSucceed(t, s.CreateKey(ctx, k))
		want = append(want, k)
	}
	calls.Reset()
	wantKeys(t, s, "c1", want...)
	wantCalls(t, calls, "the list", faulttable.Calls{Query: 2})
}

func testRevokeKey(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	own, k := createClientWithKey(t, s, "c1"), fullAPIKey("c1", 1)
	createClientWithKey(t, s, "c2")
	mustSucceed(t, s.CreateKey(ctx, k))
	for fact, id := range map[string][2]string{
		"no such key": {"c1", "c1k0002"}, "no such client": {"c3", k.ID}, "another client's": {"c2", k.ID},
	} {
		wantError(t, fact, s.RevokeKey(ctx, id[0], id[1], now), auth.ErrNotFound)
	}
	for _, try := range []struct {
		at, want time.Time
		writes   int
	}{
		{now.Add(time.Hour), now.Add(time.Hour), 1},
		{now, now, 1}, // earlier
		{now, now, 0},
		{now.Add(time.Minute), now, 0}, // the first time stays
	} {
		calls.Reset()
		mustSucceed(t, s.RevokeKey(ctx, "c1", k.ID, try.at))
		wantCalls(t, calls, "a revocation", faulttable.Calls{Get: 1, Write: try.writes})
		k.Revoked = try.want
		wantKeys(t, s, "c1", own, k)
	}
}

// TestKeyItemExpiresAfterRetention: the table may delete a key KeyRetention after its end, and never one without end.
func TestKeyItemExpiresAfterRetention(t *testing.T) {
	endless, expiring := fullAPIKey("c1", 1), fullAPIKey("c1", 2)
	endless.Expires = time.Time{}
	revoked := expiring
	revoked.ID, revoked.Revoked = "c1k0003", now
	for _, tt := range []struct {
		key  auth.Key
		want time.Time
	}{
		{endless, time.Time{}},
		{expiring, expiring.Expires.Add(auth.KeyRetention)},
		{revoked, now.Add(auth.KeyRetention)},
	} {
		table := &recordingTable{Table: openPebble(t)}
		s := store.New(table, secret)
		createClientWithKey(t, s, "c1")
		mustSucceed(t, s.CreateKey(ctx, tt.key))
		if got := table.ops[2].Item.Expires; !got.Equal(tt.want) {
			t.Errorf("%s: %v, want %v", tt.key.ID, got, tt.want)
		}
	}
}

// TestKeyRecordFormatIsStable pins the bytes of a stored key, and reads one that was stored before keys had an owner.
func TestKeyRecordFormatIsStable(t *testing.T) {
	const (
		hash   = `"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="`
		golden = `{"id":"c1k0001","cl":"c1","u":"blnk","h":` + hash + `,"s":["a","b"],"n":"n","x":"2026-03-04T06:06:07.123456Z",` +
			`"r":"2026-03-04T05:06:07.123456Z","c":"2026-03-04T05:06:07.123456Z","o":"o","g":["x:y","*:*"],"by":"c1own"}`
		before = `{"id":"c1k0002","cl":"c1","u":"blnk","h":` + hash + `,"s":[],"n":"blnk","c":"2026-03-04T05:06:07.123456Z"}`
	)
	table := &recordingTable{Table: openPebble(t)}
	s := store.New(table, secret)
	own, k := createClientWithKey(t, s, "c1"), fullAPIKey("c1", 1)
	k.Revoked = now
	mustSucceed(t, s.CreateKey(ctx, k))
	put := table.ops[2]
	if got := string(put.Item.Body); got != golden {
		t.Errorf("got  %s\nwant %s", got, golden)
	}
	put.Item.SK, put.Item.Body = "K#c1k0002", []byte(before)
	mustSucceed(t, errorOf(table.Write(ctx, put)))
	old := auth.Key{ID: "c1k0002", Client: "c1", API: "blnk", Hash: auth.Hash{1}, Scopes: auth.Scopes{}, Name: "blnk", Created: now}
	wantKeys(t, s, "c1", own, k, old)
	put.Item.SK, put.Item.Body = "K#c1k0003", []byte(`{`)
	mustSucceed(t, errorOf(table.Write(ctx, put)))
	_, _, listErr := s.Keys(ctx, "c1")
	revokeErr := s.RevokeKey(ctx, "c1", "c1k0003", now)
	if listErr == nil || revokeErr == nil {
		t.Error("Credentials with a damaged key: error = nil, want one")
	}
}
