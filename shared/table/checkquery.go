package table

import (
	"fmt"
	"slices"
)

// CheckQuery returns ErrMisuse or ErrTooLarge for a Query that no engine may
// serve, before anything was read.
func CheckQuery(q *Query, indexes []string) error {
	if q.Index != "" && !slices.Contains(indexes, q.Index) {
		return fmt.Errorf("%w: unknown index", ErrMisuse)
	}
	if q.Index != "" && q.Strong {
		return fmt.Errorf("%w: strong read of an index", ErrMisuse)
	}
	if q.Limit < 0 {
		return fmt.Errorf("%w: limit below zero", ErrMisuse)
	}
	if err := checkKeyPart(q.PK, MaxPKBytes); err != nil {
		return err
	}
	if err := checkBounds(q); err != nil {
		return err
	}
	return checkStart(q)
}

func checkBounds(q *Query) error {
	for _, bound := range []string{q.From, q.To} {
		if err := checkKeyString(bound, MaxSKBytes); err != nil {
			return err
		}
	}
	if q.To != "" && q.From > q.To {
		return fmt.Errorf("%w: bounds the wrong way round", ErrMisuse)
	}
	return nil
}

// checkStart refuses a position that the query itself could not have reached.
func checkStart(q *Query) error {
	if q.Start == nil {
		return nil
	}
	if err := checkKey(q.Start.Key); err != nil {
		return err
	}
	at := q.Start.Key
	if q.Index != "" {
		at = q.Start.Index
		if err := checkKey(at); err != nil {
			return err
		}
	}
	if at.PK != q.PK || at.SK < q.From || (q.To != "" && at.SK > q.To) {
		return fmt.Errorf("%w: position outside the query", ErrMisuse)
	}
	return nil
}
