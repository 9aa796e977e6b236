package blnk

import (
	"slices"
	"strings"
	"time"

	"cedula/shared/identity"
)

// narrow tells a search what follows from the conditions.
func (l *listing) narrow(q *identity.Search) {
	if l.Any {
		l.narrowAny(q)
		return
	}
	for n := range l.Conditions {
		c := &l.Conditions[n]
		switch ids, sources := c.lookUps(); {
		case c.Field == "created_at":
			c.narrowTime(q)
		case ids != nil && q.IDs == nil:
			q.IDs = ids
		case sources != nil && q.Sources == nil:
			q.Sources = sources
		}
	}
}

// narrowAny uses look-ups only if every condition is one, and of one kind.
func (l *listing) narrowAny(q *identity.Search) {
	var ids []string
	var sources []identity.Source
	for n := range l.Conditions {
		some, others := l.Conditions[n].lookUps()
		if some == nil && others == nil {
			return
		}
		ids, sources = append(ids, some...), append(sources, others...)
	}
	if len(sources) == 0 {
		q.IDs = ids
	} else if len(ids) == 0 {
		q.Sources = sources
	}
}

// lookUps are the ids or the sources of which one holds each identity that fits.
// There are none for what is shown of a tokenized field: it stands in no source.
func (c *condition) lookUps() (ids []string, sources []identity.Source) {
	none := func(v string) bool { return v == "" || strings.HasPrefix(v, tokenPrefix) }
	if c.Operator != "eq" && c.Operator != "in" || slices.ContainsFunc(c.Values, none) {
		return nil, nil
	}
	for _, v := range c.Values {
		switch c.Field {
		case "identity_id":
			ids = append(ids, v)
		case "email_address":
			sources = append(sources, identity.Source{Email: identity.NormalizeEmail(v)})
		case "phone_number":
			sources = append(sources, identity.Source{Phone: v})
		}
	}
	return ids, sources
}

func (c *condition) narrowTime(q *identity.Search) {
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
	if since.After(q.Since) {
		q.Since = since
	}
	if !until.IsZero() && (q.Until.IsZero() || until.Before(q.Until)) {
		q.Until = until
	}
}
