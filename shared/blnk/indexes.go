package blnk

import (
	"slices"
	"strings"
	"time"

	"cedula/shared/identity"
	"cedula/shared/registry"
)

// useIndexes adds to a query what follows from its conditions, so that the registry need not
// read every identity. If one condition suffices, it uses look-ups only if every condition is
// one, and all are of one kind.
func useIndexes(q *registry.Query, conditions []condition, anyOf bool) {
	if anyOf {
		useIndexesForAny(q, conditions)
		return
	}
	for n := range conditions {
		c := &conditions[n]
		if c.Field == "created_at" {
			c.limitCreation(q)
			continue
		}
		ids, indexes := c.lookups(q.Tenant)
		if q.IDs == nil {
			q.IDs = ids
		}
		if q.Indexes == nil {
			q.Indexes = indexes
		}
	}
}

func useIndexesForAny(q *registry.Query, conditions []condition) {
	var ids []string
	var indexes []identity.Index
	for n := range conditions {
		moreIDs, moreIndexes := conditions[n].lookups(q.Tenant)
		if moreIDs == nil && moreIndexes == nil {
			return
		}
		ids = append(ids, moreIDs...)
		indexes = append(indexes, moreIndexes...)
	}
	if len(indexes) == 0 {
		q.IDs = ids
	} else if len(ids) == 0 {
		q.Indexes = indexes
	}
}

// lookups returns the ids or the indexes of which one holds each identity that satisfies the
// condition. There are none for what is shown of a tokenized field: no index holds it.
func (c *condition) lookups(tenant string) (ids []string, indexes []identity.Index) {
	none := func(v string) bool { return v == "" || strings.HasPrefix(v, tokenPrefix) }
	if c.Operator != "eq" && c.Operator != "in" || slices.ContainsFunc(c.Values, none) {
		return nil, nil
	}
	for _, v := range c.Values {
		switch c.Field {
		case "identity_id":
			ids = append(ids, v)
		case "email_address":
			indexes = append(indexes, identity.Index{Tenant: tenant, Email: identity.NormalizeEmail(v)})
		case "phone_number":
			indexes = append(indexes, identity.Index{Tenant: tenant, Phone: v})
		}
	}
	return ids, indexes
}

// limitCreation narrows the times of creation to those of a condition on created_at.
func (c *condition) limitCreation(q *registry.Query) {
	at := func(n int) time.Time {
		t, _ := time.Parse(time.RFC3339Nano, c.Values[n])
		return t
	}
	var from, until time.Time
	switch c.Operator {
	case "gt", "gte":
		from = at(0)
	case "lt", "lte":
		until = at(0)
	case "eq":
		from = at(0)
		until = from
	case "between":
		from = at(0)
		until = at(1)
	}
	if from.After(q.CreatedFrom) {
		q.CreatedFrom = from
	}
	if !until.IsZero() && (q.CreatedUntil.IsZero() || until.Before(q.CreatedUntil)) {
		q.CreatedUntil = until
	}
}
