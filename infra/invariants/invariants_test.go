package invariants_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"cedula/infra/invariants"
	"cedula/shared/table"
)

// acceptingTable accepts every write.
type acceptingTable struct{ table.Table }

func (acceptingTable) Write(context.Context, ...table.Op) (table.Units, error) {
	return table.Units{}, nil
}

var now = time.Unix(1_000_000, 0)

func item(pk, sk, owner string, version int64, body string) table.Item {
	return table.Item{Key: table.Key{PK: pk, SK: sk}, Owner: owner, Version: version, Body: []byte(body)}
}

// person is a stored identity with a claim.
func person(id string, version int64, fields string) table.Item {
	body := fmt.Sprintf(`{"id":%q,"v":%d,"st":"ACTIVE","cl":["T#t#U#user#%s"]%s}`, id, version, id, fields)
	return item("T#t#I#"+id, "#", "", version, strings.Replace(body, `"st":"ACTIVE",`, "", strings.Count(fields, `"st"`)))
}

func claim(id string) table.Item { return item("T#t#U#user#"+id, "#", id, 0, "") }

func queued(i table.Item) table.Item {
	i.Indexes = map[string]table.Key{"Q": {PK: "P#00", SK: "1"}}
	return i
}

func put(items ...table.Item) (ops []table.Op) {
	for _, i := range items {
		ops = append(ops, table.Put(i, table.Always()))
	}
	return ops
}

func TestViolationsAreFound(t *testing.T) {
	const expiring, expired = `,"st":"PENDING","x":1000001`, `,"st":"PENDING","x":999999`
	childLink := item("T#t#I#a", "C#1#b", "", 0, "")
	parentLink := item("T#t#I#b", "F#1#a", "", 0, "")
	code := func(version int64, fields string) table.Item {
		return item("T#t#I#a", "V#email", "", version, `{"h":"AQ==","x":1000600`+fields+`}`)
	}
	sent := func(count int) []table.Op {
		history := item("T#t#V#email#1", "#", "", 1, `{"t":[`+strings.TrimSuffix(strings.Repeat("999990,", count), ",")+`]}`)
		return put(code(1, ""), history, item("M#1", "#", "", 1, ""))
	}
	for name, tt := range map[string]struct {
		writes [][]table.Op
		want   string // part of the only violation; "": none
	}{
		"identity and claim":        {[][]table.Op{put(person("a", 1, ""), claim("a"))}, ""},
		"identity without claim":    {[][]table.Op{put(person("a", 1, ""))}, "a lacks a claim"},
		"claim without identity":    {[][]table.Op{put(claim("a"))}, "a claim of a is left"},
		"idempotency claim missing": {[][]table.Op{put(person("a", 1, `,"o":"T#t#O#1"`), claim("a"))}, "a lacks its idempotency claim"},
		"idempotency claim left":    {[][]table.Op{put(item("T#t#O#1", "#", "a", 0, "{}"))}, "an idempotency claim of a is left"},
		"used idempotency key":      {[][]table.Op{put(item("T#t#O#1", "#", "a", 0, ""))}, ""},
		"links":                     {[][]table.Op{put(person("a", 1, ""), claim("a"), person("b", 1, ""), claim("b"), childLink, parentLink)}, ""},
		"link with one side":        {[][]table.Op{put(person("a", 1, ""), claim("a"), person("b", 1, ""), claim("b"), parentLink)}, "a link of b"},
		"part without identity":     {[][]table.Op{put(item("T#t#I#a", "W#1", "", 0, ""))}, "a part IW is left of T#t#I#a"},
		"version skipped":           {[][]table.Op{put(person("a", 1, ""), claim("a")), put(person("a", 3, ""))}, "a has version 3 after 1"},
		"pending and not queued":    {[][]table.Op{put(person("a", 1, expiring), claim("a"))}, "is queued for expiry: false"},
		"change after expiry":       {[][]table.Op{put(queued(person("a", 1, expired)), claim("a")), put(queued(person("a", 2, expired)))}, "a changed after it had expired"},
		"forbidden transition":      {[][]table.Op{put(person("a", 1, `,"st":"REJECTED"`), claim("a")), put(person("a", 2, ""))}, "a turned from REJECTED to ACTIVE"},
		"activation unverified":     {[][]table.Op{put(queued(person("a", 1, expiring)), claim("a")), put(person("a", 2, ""))}, "a became active without verification"},
		"removal":                   {[][]table.Op{put(person("a", 1, "")), {table.Delete(table.Key{PK: "T#t#I#a", SK: "#"}, table.Always())}}, "a was removed"},
		"removal after expiry":      {[][]table.Op{put(queued(person("a", 1, expired))), {table.Delete(table.Key{PK: "T#t#I#a", SK: "#"}, table.Always())}}, ""},
		"another owner's item":      {[][]table.Op{put(item("T#other#G#a", "#", "", 0, ""))}, "an item of another owner was written: G"},
		"code without message":      {[][]table.Op{put(person("a", 1, ""), claim("a"), code(1, ""))}, "1 codes stored, 0 counted, 0 queued"},
		"too many codes":            {[][]table.Op{put(person("a", 1, ""), claim("a")), sent(6)}, "6 codes within an hour"},
		"too many attempts":         {[][]table.Op{put(person("a", 1, ""), claim("a")), put(code(1, `,"n":6`))}, "a code allowed 6 wrong attempts"},
		"code used twice":           {[][]table.Op{put(person("a", 1, ""), claim("a")), put(code(1, `,"u":true`)), put(code(2, `,"u":true`))}, "a code was used twice"},
		"code used after attempts":  {[][]table.Op{put(person("a", 1, ""), claim("a")), put(code(1, `,"n":5`)), put(code(2, `,"n":5,"u":true`))}, "a code was used after 5 wrong attempts"},
	} {
		t.Run(name, func(t *testing.T) {
			checked := invariants.New(acceptingTable{}, func() time.Time { return now })
			checked.Reset("T#t#", "M#")
			for _, ops := range tt.writes {
				if _, err := checked.Write(t.Context(), ops...); err != nil {
					t.Fatal(err)
				}
			}
			got := checked.Check(invariants.AtRest)
			if tt.want == "" && len(got) > 0 {
				t.Errorf("violations = %q, want none", got)
			}
			if tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)) {
				t.Errorf("violations = %q, want one with %q", got, tt.want)
			}
		})
	}
}

// TestTombstoneIsAllowedWhileInterrupted checks that a deletion may have left its tombstone and its parts, and no claim.
func TestTombstoneIsAllowedWhileInterrupted(t *testing.T) {
	checked := invariants.New(acceptingTable{}, func() time.Time { return now })
	_, _ = checked.Write(t.Context(), put(queued(person("a", 1, `,"gone":true`)), item("T#t#I#a", "W#1", "", 0, ""), item("T#t#I#a", "C#1#b", "", 0, ""))...)
	if got := checked.Check(invariants.Interrupted); len(got) > 0 {
		t.Errorf("violations = %q while interrupted, want none", got)
	}
	if got := checked.Check(invariants.AtRest); len(got) != 1 || got[0] != "the tombstone of a is left" {
		t.Errorf("violations = %q at rest, want the tombstone", got)
	}
}
