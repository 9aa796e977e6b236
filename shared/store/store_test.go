package store_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/infra/privacytest"
	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
)

func TestMain(m *testing.M) { os.Exit(privacytest.Run(m)) }

func TestOnPebble(t *testing.T) {
	runSuite(t, openPebble)
}

// recordingTable keeps what is written.
type recordingTable struct {
	table.Table
	ops []table.Op
}

func (s *recordingTable) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	s.ops = append(s.ops, ops...)
	return s.Table.Write(ctx, ops...)
}

// TestKeysHoldNoPersonalData writes an identity with every field set and looks for its values in every key, and for
// keys that look alike between tenants.
func TestKeysHoldNoPersonalData(t *testing.T) {
	s := &recordingTable{Table: openPebble(t)}
	p := fullIdentity("id1")
	p.StoreState = nil
	p.Email, p.Phone, p.DocumentNumber, p.ExternalID = "canary@example.com", "+5690000canary", "CANARY-1", "canary-ext"
	st := store.New(s, secret)
	claim := []identity.Claim{{Kind: "user", Values: []string{"CANARY1", "canary@example.com"}}}
	mustCreate(t, st, p, claim, newIdempotency("canary-key", 1))
	hold := p.Hold
	p.Tenant, p.Hold = "t2", nil
	mustCreate(t, st, p, claim, newIdempotency("canary-key", 1))
	p.Hold, p.Version, p.Tenant = hold, p.Version+1, "t"
	to := st.LookupKey("t", identity.FieldEmail, p.Email)
	if _, err := st.Update(ctx, p, nil, identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{
		Code:        &identity.VerificationCode{Channel: identity.ChannelEmail, LookupKey: to, Hash: st.HashCode("t", p.ID, to, "123456")},
		SendHistory: &identity.SendHistory{Channel: identity.ChannelEmail, LookupKey: to, Times: []time.Time{now}},
		Message:     &identity.Message{ID: "m1", To: p.Email, Code: "123456", ExpiresAt: now},
	}); err != nil {
		t.Fatal(err)
	}
	for _, op := range s.ops[len(s.ops)-3:] {
		if body := string(op.Item.Body); strings.Contains(body, "canary") || strings.Contains(body, "123456") {
			t.Errorf("%s contains an address or a code: %s", op.Item.PK, body)
		}
	}

	shapes := regexp.MustCompile(`^(T#t2?#(I#id1|U#user#[0-9a-f]{32}|O#[0-9a-f]{32}|L#0|[EPDX]#[0-9a-f]{32}|V#email#[0-9a-f]{32})|P#\d\d|M#m1)$`)
	seen := make(map[string]bool)
	s.ops[len(s.ops)-4].Item.Indexes = nil // they are those of its version before
	for _, op := range s.ops {
		for _, k := range append(slices.Collect(maps.Values(op.Item.Indexes)), op.Item.Key) {
			if !shapes.MatchString(k.PK) || strings.Contains(strings.ToLower(k.PK+k.SK), "canary") {
				t.Errorf("key %q %q has another shape or contains personal data", k.PK, k.SK)
			}
			if m := regexp.MustCompile(`[0-9a-f]{32}`).FindString(k.PK); m != "" {
				if seen[m] {
					t.Errorf("two keys share the digest %s, want different ones", m)
				}
				seen[m] = true
			}
		}
	}
	if len(seen) != 2*6+1 {
		t.Errorf("%d digests, want 6 for each tenant and a counter's", len(seen))
	}
}

// TestIdentityRecordFormatIsStable pins the members of a stored identity, in any order: a change here must still read
// what tables hold today.
func TestIdentityRecordFormatIsStable(t *testing.T) {
	const stored = `{"id":"p","st":"SCREENING","v":3,"c":1772600767123456,"u":1772600827123456,"x":1772604367,` +
		`"steps":"contact+screening","pr":[{"c":"email","p":1772600767,"w":true,"n":"new@example.com"},{"c":"phone","s":1772600767}],` +
		`"rev":{"o":"clear","r":"r","by":"v","at":1772600767},"hold":{"r":"h","s":1772600767},"rem":true,"test":true,"cd":["email"],"al":true,` +
		`"k":"individual","fn":"A","ln":"B","on":"C","org":"D","nn":"E","em":"a@example.com","ph":"+56912345678","dt":"RUT","dn":"1-9","idv":"i","g":"x","b":"1990-01-15","n":"CL","cat":"c","co":"CHL","ext":"ext",` +
		`"a":{"s":"s","n":"1","u":"u","st":"st","ci":"ci","d":"d","p":"p","co":"CHL"},"sec":{"2f":true,"t":true,"a":true,"s":[{"r":"IDENTITY","i":"r","p":["a"],"c":"2026-03-04T05:06:07.123456Z"}]},` +
		`"par":true,"bank":{"id":"b","no":"1","nn":"n","b":"b","cu":"CLP","t":"t","h":"h","hd":"hd","co":"CHL","ext":"x","c":"2026-03-04T05:06:07.123456Z","u":"2026-03-04T05:06:07.123456Z"},` +
		`"r":{"a":1},"ed":["x"],"m":{"big":9007199254740993},"kyc":{"level":1},"wl":[],"cl":["c"],"o":"o"}`
	s := &recordingTable{Table: openPebble(t)}
	want := fullIdentity("p")
	mustCreate(t, store.New(s, secret), want, nil, identity.Idempotency{})
	if diff := cmp.Diff(members(t, []byte(stored)), members(t, s.ops[0].Item.Body)); diff != "" {
		t.Errorf("stored identity (-want +got):\n%s", diff)
	}
	raw := openPebble(t)
	item := s.ops[0].Item
	item.Body = []byte(stored)
	mustSucceed(t, errorOf(raw.Write(ctx, table.Put(item, table.Absent()))))
	got, err := store.New(raw, secret).Get(ctx, "t", "p")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("identity read, %v (-want +got):\n%s", err, diff)
	}
}

func members(t *testing.T, body []byte) map[string]json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatalf("the record is not JSON: %v", err)
	}
	return m
}
