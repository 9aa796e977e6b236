package registry

import (
	"context"
	"slices"
	"strings"

	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/store"
	"cedula/shared/table"
)

// still is a table that can be made to stand still: then it answers a read as it
// did the first time, and takes every write without doing it. So an operation
// can be run again and again, and what is measured is everything but the table.
// To find an answer again allocates nothing.
type still struct {
	table.Table
	on       bool
	gets     []keptGet
	queries  []keptQuery
	messages []string // ids of those queued since the last look
}

type keptGet struct {
	keys []table.Key
	got  table.GetResult
}

type keptQuery struct {
	asked table.Query
	page  table.Page
}

// stand begins to stand still, with nothing kept.
func (s *still) stand(on bool) { s.on, s.gets, s.queries = on, nil, nil }

// Get implements table.Table.
func (s *still) Get(ctx context.Context, strong bool, keys ...table.Key) (table.GetResult, error) {
	if s.on {
		for n := range s.gets {
			if slices.Equal(s.gets[n].keys, keys) {
				return s.gets[n].got, nil
			}
		}
	}
	got, err := s.Table.Get(ctx, strong, keys...)
	if s.on && err == nil {
		s.gets = append(s.gets, keptGet{slices.Clone(keys), got})
	}
	return got, err
}

// Query implements table.Table.
func (s *still) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if s.on {
		for n := range s.queries {
			if same(&s.queries[n].asked, &q) {
				return s.queries[n].page, nil
			}
		}
	}
	page, err := s.Table.Query(ctx, q)
	if s.on && err == nil {
		s.queries = append(s.queries, keptQuery{q, page})
	}
	return page, err
}

func same(a, b *table.Query) bool {
	x, y := *a, *b
	x.Start, y.Start = nil, nil
	if x != y || (a.Start == nil) != (b.Start == nil) {
		return false
	}
	return a.Start == nil || *a.Start == *b.Start
}

// Write implements table.Table.
func (s *still) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	if s.on {
		return table.Units{}, nil
	}
	units, err := s.Table.Write(ctx, ops...)
	for _, op := range ops {
		if id, is := strings.CutPrefix(op.Item.PK, store.PrefixMessage); is && err == nil && op.Action == table.ActionPut {
			s.messages = append(s.messages, id)
		}
	}
	return units, err
}

// code delivers what was queued, out of a store, and returns the code in the last letter.
func (r *Registry) code(ctx context.Context, outbox messaging.Outbox) (string, error) {
	var to reader
	c := messaging.Dispatcher{Outbox: outbox, Senders: map[identity.Channel]messaging.Sender{identity.ChannelEmail: &to}, Now: r.core.Now}
	for _, id := range r.still.messages {
		if err := c.Deliver(ctx, id); err != nil {
			return "", err
		}
	}
	r.still.messages = nil
	return to.code, nil
}

// reader is a person who remembers the last code that arrived.
type reader struct{ code string }

// Send implements courier.Sender.
func (p *reader) Send(_ context.Context, l messaging.RenderedMessage) error {
	p.code = l.Code
	return nil
}
