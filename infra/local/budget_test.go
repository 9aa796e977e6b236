package main

import (
	"testing"

	"cedula/shared/table"
	"cedula/shared/table/faulttable"
)

// TestBudget counts the table's calls and units for the documentation's
// request. The figures are promises of the README: a change here is a change
// of price.
func TestBudget(t *testing.T) {
	w := newFixture(t)
	token := w.token(t)
	headers := []string{"Authorization", "Bearer " + token, "x-api-key", w.credentials.ConomyKey}
	post := func(body string, more ...string) httpResponse {
		return call(t, "POST", w.conomy+"/identities", body, append(headers, more...)...)
	}
	var id string
	steps := []struct {
		name string
		do   func()
		want faulttable.Calls
	}{
		{
			"authorizer, cold", func() { call(t, "GET", w.conomy+"/identities/%20", "", headers...) },
			faulttable.Calls{Get: 1, Units: table.Units{Read: 2}},
		},
		{
			"authorizer, warm", func() { call(t, "GET", w.conomy+"/identities/%20", "", headers...) },
			faulttable.Calls{},
		},
		{
			"create, the seed's body", func() { id = jsonField(t, post(seedBody()), "id") },
			faulttable.Calls{Write: 1, Units: table.Units{Write: 8}},
		},
		{
			"create, with an idempotency key", func() { post(identityBody(1), "Idempotency-Key", "k") },
			faulttable.Calls{Write: 1, Units: table.Units{Write: 10}},
		},
		{
			"replay", func() { post(identityBody(1), "Idempotency-Key", "k") },
			faulttable.Calls{Write: 1},
		},
		{
			"fetch", func() { call(t, "GET", w.conomy+"/identities/"+id, "", headers...) },
			faulttable.Calls{Get: 1, Units: table.Units{Read: 1}},
		},
		{
			"fetch of nothing", func() { call(t, "GET", w.conomy+"/identities/absent", "", headers...) },
			faulttable.Calls{Get: 1, Units: table.Units{Read: 1}},
		},
	}
	w.tableCalls.Reset()
	for _, step := range steps {
		step.do()
		got := w.tableCalls.Reset()
		t.Logf("%-32s %d call(s) %5.1f write units %4.1f read units", step.name, got.Total(), got.Units.Write, got.Units.Read)
		if got != step.want {
			t.Errorf("%s: %+v, want %+v", step.name, got, step.want)
		}
	}
}
