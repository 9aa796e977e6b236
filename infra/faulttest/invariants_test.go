package faulttest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cedula/shared/table"
)

// auditedTable is a table that keeps a copy of what was written since a cell began,
// and judges it by the invariants.
type auditedTable struct {
	table.Table
	mu          sync.Mutex
	ownPrefixes []string // prefixes of the partition keys that the cell may write
	items       map[table.Key]table.Item
	summaries   []string // after each write
	violations  []string
}

// reset forgets everything. From here on nobody but the owners of keys with
// these prefixes may be written to.
func (l *auditedTable) reset(own ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ownPrefixes, l.items, l.summaries, l.violations = own, make(map[table.Key]table.Item), nil, nil
}

// Write implements table.Table.
func (l *auditedTable) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	units, err := l.Table.Write(ctx, ops...)
	if err != nil {
		return units, err
	}
	for _, op := range ops {
		l.apply(op)
	}
	l.summaries = append(l.summaries, l.summary())
	return units, nil
}

func (l *auditedTable) apply(op table.Op) {
	key := op.Item.Key
	if op.Action != table.ActionCheck && !slices.ContainsFunc(l.ownPrefixes, func(p string) bool { return strings.HasPrefix(key.PK, p) }) {
		l.violations = append(l.violations, "somebody else's item was written: "+itemKind(key))
	}
	switch op.Action {
	case table.ActionDelete:
		delete(l.items, key)
	case table.ActionPut:
		before, there := l.items[key]
		if itemKind(key) == "I" && op.Item.Version != before.Version+1 {
			l.violations = append(l.violations, fmt.Sprintf("version %d after %d (%v)", op.Item.Version, before.Version, there))
		}
		l.items[key] = op.Item
	}
}

// itemKind names what is under a key: I for an identity, IW for an account of it.
func itemKind(k table.Key) string {
	kind := k.PK
	if strings.HasPrefix(kind, "T#") {
		kind = strings.SplitN(kind, "#", 4)[2]
	}
	kind, _, _ = strings.Cut(kind, "#")
	sk, _, _ := strings.Cut(k.SK, "#")
	return kind + sk
}

// summary is how many items of which kind there are, and of which version.
func (l *auditedTable) summary() string {
	list := make([]string, 0, len(l.items))
	for k, i := range l.items {
		list = append(list, fmt.Sprintf("%s:%d", itemKind(k), i.Version))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// takeSummaries is the shape now, those since the last call of state, and what is wrong.
func (l *auditedTable) takeSummaries() (now string, since []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	since, l.summaries = l.summaries, nil
	return l.summary(), since
}

// identityRecord is what the audit reads of an identity's record.
type identityRecord struct {
	ID             string   `json:"id"`
	Claims         []string `json:"cl"`
	IdempotencyKey string   `json:"o"`
	Deleted        bool     `json:"gone"`
}

// audit returns every broken invariant. Where work may be under way, half of a
// deletion may stand: its tombstone is no identity.
func (l *auditedTable) audit(underWay bool) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	broken := slices.Clone(l.violations)
	say := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	alive, tombs := map[string]identityRecord{}, map[string]bool{}
	for k, i := range l.items {
		if itemKind(k) != "I" {
			continue
		}
		var b identityRecord
		if err := json.Unmarshal(i.Body, &b); err != nil {
			say("damaged identity")
		}
		if tombs[k.PK] = b.Deleted; !b.Deleted {
			alive[k.PK] = b
		} else if !underWay {
			say("a tombstone stays")
		}
	}
	tenant := ""
	for pk, b := range alive {
		tenant, _, _ = strings.Cut(pk, "#I#")
		for _, claim := range b.Claims {
			if l.items[table.Key{PK: claim, SK: "#"}].Owner != b.ID {
				say("an identity without its claim")
			}
		}
		if owner := l.items[table.Key{PK: b.IdempotencyKey, SK: "#"}].Owner; b.IdempotencyKey != "" && owner != b.ID && alive[tenant+"#I#"+owner].IdempotencyKey != b.IdempotencyKey {
			say("an identity without its idempotency claim, which is nobody else's")
		}
	}
	for k, i := range l.items {
		l.auditItem(k, i, tenant, alive, tombs, say)
	}
	return broken
}

// auditItem judges what belongs to an identity.
func (l *auditedTable) auditItem(k table.Key, i table.Item, tenant string, alive map[string]identityRecord, tombs map[string]bool, say func(string, ...any)) {
	kind := itemKind(k)
	holder := alive[tenant+"#I#"+i.Owner]
	switch {
	case kind == "U" && !slices.Contains(holder.Claims, k.PK):
		say("a claim without its identity")
	case kind == "O" && len(i.Body) > 0 && holder.IdempotencyKey != k.PK: // one that is empty says only that the key was used
		say("an idempotency claim without its identity")
	case len(kind) == 2 && kind[0] == 'I':
		if _, lives := alive[k.PK]; !lives && !tombs[k.PK] {
			say("a part %s without its identity", kind)
		}
	}
	if side, is := map[string]string{"IC": "F#", "IF": "C#"}[kind]; is && !tombs[k.PK] {
		other := tenant + "#I#" + k.SK[strings.LastIndexByte(k.SK, '#')+1:]
		found := 0
		for there := range l.items {
			if there.PK == other && strings.HasPrefix(there.SK, side) && strings.HasSuffix(there.SK, "#"+alive[k.PK].ID) {
				found++
			}
		}
		if _, lives := alive[other]; found != 1 || !lives && !tombs[other] {
			say("a link with one side")
		}
	}
}

// partitionKeys lists the partition keys of a kind.
func (l *auditedTable) partitionKeys(kind string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for k := range l.items {
		if itemKind(k) == kind {
			list = append(list, k.PK)
		}
	}
	slices.Sort(list)
	return list
}
