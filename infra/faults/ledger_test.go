package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cedula/shared/table"
)

// ledger is a table that keeps a copy of what was written since a cell began,
// and judges it by the invariants.
type ledger struct {
	table.Table
	mu     sync.Mutex
	own    []string // prefixes of the partition keys that the cell may write
	items  map[table.Key]table.Item
	shapes []string // after each write
	wrong  []string
}

// begin forgets everything. From here on nobody but the owners of keys with
// these prefixes may be written to.
func (l *ledger) begin(own ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.own, l.items, l.shapes, l.wrong = own, make(map[table.Key]table.Item), nil, nil
}

// Write implements table.Table.
func (l *ledger) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	units, err := l.Table.Write(ctx, ops...)
	if err != nil {
		return units, err
	}
	for _, op := range ops {
		l.apply(op)
	}
	l.shapes = append(l.shapes, l.shape())
	return units, nil
}

func (l *ledger) apply(op table.Op) {
	key := op.Item.Key
	if op.Action != table.ActionCheck && !slices.ContainsFunc(l.own, func(p string) bool { return strings.HasPrefix(key.PK, p) }) {
		l.wrong = append(l.wrong, "somebody else's item was written: "+kindOf(key))
	}
	switch op.Action {
	case table.ActionDelete:
		delete(l.items, key)
	case table.ActionPut:
		before, there := l.items[key]
		if kindOf(key) == "I" && op.Item.Version != before.Version+1 {
			l.wrong = append(l.wrong, fmt.Sprintf("version %d after %d (%v)", op.Item.Version, before.Version, there))
		}
		l.items[key] = op.Item
	}
}

// kindOf names what is under a key: I for an identity, IW for an account of it.
func kindOf(k table.Key) string {
	kind := k.PK
	if strings.HasPrefix(kind, "T#") {
		kind = strings.SplitN(kind, "#", 4)[2]
	}
	kind, _, _ = strings.Cut(kind, "#")
	sk, _, _ := strings.Cut(k.SK, "#")
	return kind + sk
}

// shape is how many items of which kind there are, and of which version.
func (l *ledger) shape() string {
	list := make([]string, 0, len(l.items))
	for k, i := range l.items {
		list = append(list, fmt.Sprintf("%s:%d", kindOf(k), i.Version))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// state is the shape now, those since the last call of state, and what is wrong.
func (l *ledger) state() (now string, since []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	since, l.shapes = l.shapes, nil
	return l.shape(), since
}

// body is what the audit reads of an identity's record.
type body struct {
	ID     string   `json:"id"`
	Claims []string `json:"cl"`
	Once   string   `json:"o"`
	Gone   bool     `json:"gone"`
}

// audit returns every broken invariant. Where work may be under way, half of a
// deletion may stand: its tombstone is no identity.
func (l *ledger) audit(underWay bool) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	broken := slices.Clone(l.wrong)
	say := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	alive, tombs := map[string]body{}, map[string]bool{}
	for k, i := range l.items {
		if kindOf(k) != "I" {
			continue
		}
		var b body
		if err := json.Unmarshal(i.Body, &b); err != nil {
			say("damaged identity")
		}
		if tombs[k.PK] = b.Gone; !b.Gone {
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
		if owner := l.items[table.Key{PK: b.Once, SK: "#"}].Owner; b.Once != "" && owner != b.ID && alive[tenant+"#I#"+owner].Once != b.Once {
			say("an identity without its idempotency claim, which is nobody else's")
		}
	}
	for k, i := range l.items {
		l.auditItem(k, i, tenant, alive, tombs, say)
	}
	return broken
}

// auditItem judges what belongs to an identity.
func (l *ledger) auditItem(k table.Key, i table.Item, tenant string, alive map[string]body, tombs map[string]bool, say func(string, ...any)) {
	kind := kindOf(k)
	holder := alive[tenant+"#I#"+i.Owner]
	switch {
	case kind == "U" && !slices.Contains(holder.Claims, k.PK):
		say("a claim without its identity")
	case kind == "O" && len(i.Body) > 0 && holder.Once != k.PK: // one that is empty says only that the key was used
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

// of lists the partition keys of a kind.
func (l *ledger) of(kind string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for k := range l.items {
		if kindOf(k) == kind {
			list = append(list, k.PK)
		}
	}
	slices.Sort(list)
	return list
}
