package pebble_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"cedula/shared/table"
)

// BenchmarkWrite writes what creating an identity writes: three items of 700 bytes, each under a condition, and four index
// entries, by several concurrent writers.
func BenchmarkWrite(b *testing.B) {
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			db := open(b, b.TempDir())
			body := make([]byte, 700)
			var next atomic.Int64
			var group sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range writers {
				group.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						if _, err := db.Write(context.Background(), createOps(n, body)...); err != nil {
							b.Errorf("Write: %v", err)
							return
						}
					}
				})
			}
			group.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
		})
	}
}

func createOps(n int64, body []byte) []table.Op {
	ops := make([]table.Op, 3)
	id := fmt.Sprintf("%016x", uint64(n)*0x9e3779b97f4a7c15)
	for i := range ops {
		entries := map[string]table.Key{"L": {PK: fmt.Sprint("list", i), SK: id}}
		if i == 0 {
			entries["E"] = table.Key{PK: "email", SK: id}
		}
		key := table.Key{PK: fmt.Sprint("T#t#", i, "#", id), SK: "#"}
		ops[i] = table.Put(table.Item{Key: key, Indexes: entries, Version: 1, Owner: id, Body: body}, table.Absent())
	}
	return ops
}

func BenchmarkGet(b *testing.B) {
	db := open(b, b.TempDir())
	op := createOps(1, make([]byte, 700))[0]
	write(b, db, op)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := db.Get(context.Background(), true, op.Item.Key); err != nil {
			b.Fatal(err)
		}
	}
}
