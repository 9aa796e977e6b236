// Package merge reads several sorted sources as one sorted sequence. It knows nothing of what the items are and imports
// nothing of ours.
package merge

import (
	"cmp"
	"context"
	"sync"
)

// Page reads the next items of a sorted source. n is how many the caller still wants; a source may return more or fewer.
// more is false once the source has no further items.
type Page[T any] func(ctx context.Context, n int) (items []T, more bool, err error)

// Reader merges sources. It must not be used concurrently.
type Reader[T any] struct {
	compare func(a, b T) int
	sources []*source[T]
	last    *T
}

type source[T any] struct {
	page  Page[T]
	items []T // read and not yet returned
	ended bool
}

// New returns a reader of sources that are each sorted by compare.
func New[T any](compare func(a, b T) int, pages ...Page[T]) *Reader[T] {
	r := &Reader[T]{compare: compare}
	for _, p := range pages {
		r.sources = append(r.sources, &source[T]{page: p})
	}
	return r
}

// Read returns the next n items, fewer at the end of all sources. Items that compare equal are returned once. It reads
// concurrently from every source that has run out of items, and returns the first source's error.
func (r *Reader[T]) Read(ctx context.Context, n int) ([]T, error) {
	var list []T
	for len(list) < n {
		if err := r.fill(ctx, n-len(list)); err != nil {
			return nil, err
		}
		s := r.next()
		if s == nil {
			break
		}
		item := s.items[0]
		s.items = s.items[1:]
		if r.last != nil && r.compare(*r.last, item) == 0 {
			continue
		}
		r.last = &item
		list = append(list, item)
	}
	return list, nil
}

func (r *Reader[T]) fill(ctx context.Context, n int) error {
	var reads sync.WaitGroup
	errs := make([]error, len(r.sources))
	for i, s := range r.sources {
		if len(s.items) == 0 && !s.ended {
			reads.Go(func() { errs[i] = s.fill(ctx, n) })
		}
	}
	reads.Wait()
	return cmp.Or(errs...)
}

// fill reads until there is an item: a page may be empty though the source has more.
func (s *source[T]) fill(ctx context.Context, n int) error {
	for len(s.items) == 0 && !s.ended {
		items, more, err := s.page(ctx, n)
		if err != nil {
			return err
		}
		s.items = items
		s.ended = !more
	}
	return nil
}

// next returns the source with the first item, or nil if none has one.
func (r *Reader[T]) next() *source[T] {
	var first *source[T]
	for _, s := range r.sources {
		if len(s.items) > 0 && (first == nil || r.compare(s.items[0], first.items[0]) < 0) {
			first = s
		}
	}
	return first
}
