package conomy_test

import "testing"

// TestWithdrawalAccountReplay: a request sent again with its key adds nothing.
func TestWithdrawalAccountReplay(t *testing.T) {
	w := newTestAPI(t)
	w.createPerson("a")
	add := newRequest("add-withdrawal-account", "a", bankAccountBody).withHeader("Idempotency-Key", "k")
	first, again := w.send(add), w.send(add)
	if first.StatusCode != 201 || again.StatusCode != 201 || first.Body != again.Body {
		t.Errorf("second response = %d %s, want 201 %s", again.StatusCode, again.Body, first.Body)
	}
	if first.MultiValueHeaders["Idempotent-Replayed"] != nil || len(again.MultiValueHeaders["Idempotent-Replayed"]) != 1 {
		t.Error("Idempotent-Replayed is not on the second response alone, want it there")
	}
	other := newRequest("add-withdrawal-account", "a", `{"accountNumber":"9","bank":"B","currency":"CLP","accountHolder":"A","accountHolderDni":"1","country":"CHL"}`)
	w.runSteps(
		step{other.withHeader("Idempotency-Key", "k"), 422, "21", "Idempotency-Key was used with another request"},
		step{other.withHeader("Idempotency-Key", "l"), 201, "", ""},
		step{other, 201, "", ""},
		step{other, 201, "", ""},
	)
}
