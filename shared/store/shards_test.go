package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/store"
)

func TestParseListSharding(t *testing.T) {
	const bad = "is not a list of tenants with their shards, such as acme=8,other=1/8"
	const counts = "has shards that are not 1 to 64, or more to write to than to read from"
	for _, tt := range []struct {
		text string
		want store.ListSharding
		err  string
	}{
		{"", store.ListSharding{}, ""},
		{" , ", store.ListSharding{}, ""},
		{"acme=8", store.ListSharding{"acme": {8, 8}}, ""},
		{" acme = 8 , a.b_c-D = 1/64 ", store.ListSharding{"acme": {8, 8}, "a.b_c-D": {1, 64}}, ""},
		{"acme", nil, bad},
		{"=8", nil, bad},
		{"acme=", nil, bad},
		{"acme=eight", nil, bad},
		{"acme=8/", nil, bad},
		{"acme=/8", nil, bad},
		{"acme=1/2/3", nil, bad},
		{"acme=8=8", nil, bad},
		{"acme=8 other=8", nil, bad},
		{"acme=8,acme=9", nil, "names a tenant twice"},
		{"acme=0", nil, counts},
		{"acme=-1", nil, counts},
		{"acme=65", nil, counts},
		{"acme=8/4", nil, counts},
		{"acme=0/4", nil, counts},
		{"acme=4/65", nil, counts},
	} {
		got, err := store.ParseListSharding(tt.text)
		said := ""
		if err != nil {
			said = err.Error()
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || said != tt.err {
			t.Errorf("ParseListSharding(%q): error = %q; result (-want +got):\n%s", tt.text, said, diff)
		}
	}
}
