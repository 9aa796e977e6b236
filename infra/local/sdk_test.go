package main

import (
	"os"
	"os/exec"
	"testing"

	"cedula/infra/testenv"
)

// TestConomyClient runs the script that calls as Conomy's own client does, with
// and without the stage in the path.
func TestConomyClient(t *testing.T) {
	testenv.Need(t, testenv.DynamoDB)
	s := startServer(t, t.TempDir())
	for _, stage := range []string{"", "/sandbox"} {
		c := exec.Command("node", "../e2e/conomy.mjs")
		c.Env = append(os.Environ(), "CONOMY_URL="+s.conomy+stage,
			"CLIENT_ID="+s.credentials.ClientID, "CLIENT_SECRET="+s.credentials.ClientSecret, "CONOMY_KEY="+s.credentials.ConomyKey)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		t.Logf("%s", out)
	}
}

// TestBlnkClient runs Blnk's own TypeScript SDK. BLNK_SDK is the folder that it
// is installed in. It takes up to a minute, since it waits until a revoked key
// that was in use is refused.
func TestBlnkClient(t *testing.T) {
	sdk := testenv.Setting(t, "BLNK_SDK")
	s := startServer(t, t.TempDir())
	c := exec.Command("node", "../e2e/blnk.mjs")
	c.Env = append(os.Environ(), "BLNK_URL="+s.blnk, "BLNK_KEY="+s.credentials.BlnkKey, "BLNK_SDK="+sdk)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Error(err)
	}
	t.Logf("%s", out)
}
