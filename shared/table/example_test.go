package table_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

func Example() {
	dir, err := os.MkdirTemp("", "table")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := pebble.Open(dir, []string{"ByColor"})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()

	// A write takes effect only if every condition holds.
	apple := table.Item{
		Key:     table.Key{PK: "fruit", SK: "apple"},
		Indexes: map[string]table.Key{"ByColor": {PK: "red", SK: "apple"}},
		Version: 1,
		Body:    []byte("crisp"),
	}
	cherry := table.Item{Key: table.Key{PK: "fruit", SK: "cherry"}, Version: 1, Body: []byte("sweet")}
	if _, err := db.Write(ctx, table.Put(apple, table.Absent()), table.Put(cherry, table.Absent())); err != nil {
		log.Fatal(err)
	}
	_, err = db.Write(ctx, table.Put(apple, table.Absent()))
	if failed := new(table.ConditionError); errors.As(err, &failed) {
		fmt.Printf("rejected: the current version is %d\n", failed.FailureOf(0).Current.Version)
	}

	got, err := db.Get(ctx, true, apple.Key)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s\n", got.Items[0].SK, got.Items[0].Body)

	// A query reads a partition, or one of an index, in the order of its sort keys.
	for _, q := range []table.Query{{PK: "fruit", Descending: true}, {Index: "ByColor", PK: "red"}} {
		page, err := db.Query(ctx, q)
		if err != nil {
			log.Fatal(err)
		}
		for _, i := range page.Items {
			fmt.Println(q.PK, i.SK)
		}
	}
	// Output:
	// rejected: the current version is 1
	// apple: crisp
	// fruit cherry
	// fruit apple
	// red apple
}
