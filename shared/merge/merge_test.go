package merge_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"

	"cedula/shared/merge"
)

// pages returns a source that hands out its items in pages of the given size, and an empty page first.
func pages(size int, items ...int) merge.Page[int] {
	started := false
	return func(context.Context, int) ([]int, bool, error) {
		if !started {
			started = true
			return nil, true, nil
		}
		n := min(size, len(items))
		page := items[:n]
		items = items[n:]
		return page, len(items) > 0, nil
	}
}

func TestRead(t *testing.T) {
	tests := map[string]struct {
		sources func() []merge.Page[int]
		want    []int
	}{
		"no source":       {func() []merge.Page[int] { return nil }, nil},
		"an empty source": {func() []merge.Page[int] { return []merge.Page[int]{pages(2)} }, nil},
		"one source":      {func() []merge.Page[int] { return []merge.Page[int]{pages(2, 1, 2, 3)} }, []int{1, 2, 3}},
		"sources that interleave": {func() []merge.Page[int] {
			return []merge.Page[int]{pages(2, 1, 4, 5), pages(1, 2, 3, 6), pages(3, 0)}
		}, []int{0, 1, 2, 3, 4, 5, 6}},
		"equal items once": {func() []merge.Page[int] {
			return []merge.Page[int]{pages(1, 1, 2), pages(2, 1, 2, 3)}
		}, []int{1, 2, 3}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{1, 2, 10} {
				if got := readAll(t, merge.New(cmp.Compare[int], tt.sources()...), n); !slices.Equal(got, tt.want) {
					t.Errorf("Read in steps of %d = %v, want %v", n, got, tt.want)
				}
			}
		})
	}
}

func readAll(t *testing.T, r *merge.Reader[int], n int) (all []int) {
	t.Helper()
	for {
		list, err := r.Read(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return all
		}
		all = append(all, list...)
	}
}

func TestErrorEndsTheRead(t *testing.T) {
	failure := errors.New("no table")
	r := merge.New(cmp.Compare[int], pages(2, 1, 2), func(context.Context, int) ([]int, bool, error) { return nil, false, failure })
	if list, err := r.Read(t.Context(), 5); !errors.Is(err, failure) || list != nil {
		t.Errorf("Read = %v, %v, want nil, %v", list, err, failure)
	}
}
