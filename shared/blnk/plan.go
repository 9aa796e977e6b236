package blnk

import (
	"slices"
	"strings"
	"time"

	"cedula/shared/identity"
	"cedula/shared/registry"
)

// useIndexes tells a search what follows from the conditions.
func (l *listParams) useIndexes(q *registry.Query) {
	if l.Any {
		l.useIndexesForAny(q)
		return
	}
	for n := range l.Conditions {
		c := &l.Conditions[n]
		switch ids, sources := c.indexLookups(); {
		case c.Field == "created_at":
			c.limitTimeRange(q)
		case ids != nil && q.IDs == nil:
			q.IDs = ids
		case sources != nil && q.Indexes == nil:
			q.Indexes = sources
		}
	}
}

// useIndexesForAny uses look-ups only if every condition is one, and of one kind.
func (l *listParams) useIndexesForAny(q *registry.Query) {
	var ids []string
	var sources []identity.Index
	for n := range l.Conditions {
		some, others := l.Conditions[n].indexLookups()
		if some == nil && others == nil {
			return
		}
		ids, sources = append(ids, some...), append(sources, others...)
	}
	if len(sources) == 0 {
		q.IDs = ids
	} else if len(ids) == 0 {
		q.Indexes = sources
	}
}

// indexLookups are the ids or the sources of which one holds each identity that fits.
// There are none for what is shown of a tokenized field: it stands in no source.
func (c *condition) indexLookups() (ids []string, sources []identity.Index) {
	none := func(v string) bool { return v == "" || strings.HasPrefix(v, tokenPrefix) }
	if c.Operator != "eq" && c.Operator != "in" || slices.ContainsFunc(c.Values, none) {
		return nil, nil
	}
	for _, v := range c.Values {
		switch c.Field {
		case "identity_id":
			ids = append(ids, v)
		case "email_address":
			sources = append(sources, identity.Index{Email: identity.NormalizeEmail(v)})
		case "phone_number":
			sources = append(sources, identity.Index{Phone: v})
		}
	}
	return ids, sources
}

func (c *condition) limitTimeRange(q *registry.Query) {
	at := func(n int) time.Time {
		t, _ := time.Parse(time.RFC3339Nano, c.Values[n])
		return t
	}
	var since, until time.Time
	switch c.Operator {
	case "gt", "gte":
		since = at(0)
	case "lt", "lte":
		until = at(0)
	case "eq":
		since, until = at(0), at(0)
	case "between":
		since, until = at(0), at(1)
	}
	if since.After(q.CreatedFrom) {
		q.CreatedFrom = since
	}
	if !until.IsZero() && (q.CreatedUntil.IsZero() || until.Before(q.CreatedUntil)) {
		q.CreatedUntil = until
	}
}
