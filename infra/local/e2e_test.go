package local

import (
	"os"
	"os/exec"
	"testing"

	"cedula/infra/testenv"
)

// runNode runs a script of infra/e2e with more environment variables.
func runNode(t *testing.T, script string, environment ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "node", "../e2e/"+script)
	c.Env = append(os.Environ(), environment...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v", script, err)
	}
	t.Logf("%s", out)
}

// TestConomyClient calls as Conomy's own client does, with and without the stage in the path.
func TestConomyClient(t *testing.T) {
	testenv.Need(t, testenv.DynamoDB)
	s := startServer(t, t.TempDir())
	for _, stage := range []string{"", "/sandbox"} {
		runNode(t, "conomy.mjs", "CONOMY_URL="+s.conomy+stage,
			"CLIENT_ID="+s.credentials.ClientID, "CLIENT_SECRET="+s.credentials.ClientSecret, "CONOMY_KEY="+s.credentials.ConomyKey)
	}
}

// TestBlnkSDK runs Blnk's own TypeScript SDK from the folder BLNK_SDK. It takes up to a minute, because it waits until a
// revoked key that was in use is rejected.
func TestBlnkSDK(t *testing.T) {
	sdk := testenv.Setting(t, "BLNK_SDK")
	s := startServer(t, t.TempDir())
	runNode(t, "blnk.mjs", "BLNK_URL="+s.blnk, "BLNK_KEY="+s.credentials.BlnkKey, "BLNK_SDK="+sdk)
}
