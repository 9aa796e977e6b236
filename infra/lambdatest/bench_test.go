package lambdatest_test

import (
	"archive/zip"
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// What a bootstrap may weigh, in bytes.
const (
	maxBinaryBytes = 10_000_000
	maxZipBytes    = 4_000_000
)

// BenchmarkStart reports for each function the size of the bootstrap that `make build` made, and the shortest time that
// one takes from exec to its first call of the Runtime API, on this machine: without and with the first calls of AWS's
// services, and as a ratio to a hello world. It fails if a bootstrap is too large.
func BenchmarkStart(b *testing.B) {
	d := newDeployment(b)
	hello := filepath.Join(d.root, ".build", "host", "hello", "bootstrap")
	if err := Build(b.Context(), d.root, "infra/lambdatest/hello", hello); err != nil {
		b.Fatal(err)
	}
	built := bootstraps(b)
	for _, folder := range slices.Sorted(maps.Keys(built)) {
		b.Run(folder, func(b *testing.B) {
			binary, zipped := bootstrapSizes(b, filepath.Join(d.root, ".build", "arm64", folder, "bootstrap"))
			env := d.environment(b, folder)
			withoutCalls := append(slices.Clone(env), "AWS_LAMBDA_FUNCTION_NAME=")
			var ofHello, start, startWithCalls []time.Duration
			for b.Loop() { // in turns, so that a load on the machine affects all three
				ofHello = append(ofHello, startupTime(b, hello, env))
				start = append(start, startupTime(b, built[folder], withoutCalls))
				startWithCalls = append(startWithCalls, startupTime(b, built[folder], env))
			}
			b.ReportMetric(float64(binary), "arm64-bytes")
			b.ReportMetric(float64(zipped), "zip-bytes")
			b.ReportMetric(float64(slices.Min(start)), "ns/op")
			b.ReportMetric(float64(slices.Min(startWithCalls)), "with-calls-ns/op")
			b.ReportMetric(slices.Min(start).Seconds()/slices.Min(ofHello).Seconds(), "of-hello")
			if binary > maxBinaryBytes || zipped > maxZipBytes {
				b.Errorf("bootstrap has %d bytes, zipped %d, want at most %d and %d", binary, zipped, maxBinaryBytes, maxZipBytes)
			}
		})
	}
}

// bootstrapSizes returns the size of a bootstrap and of the zip archive that would be deployed.
func bootstrapSizes(b *testing.B, path string) (binary, zipped int) {
	b.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatalf("run `make build`: %v", err)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("bootstrap")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		b.Fatal(err)
	}
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
	return len(text), archive.Len()
}

// startupTime returns the time from exec to the first call of the Runtime API.
func startupTime(b *testing.B, bootstrap string, env []string) time.Duration {
	b.Helper()
	f, err := Start(Config{Bootstrap: bootstrap, Name: "function", Env: env})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Stop()
	took, err := f.Ready(requestContext(b))
	if err != nil {
		b.Fatal(err)
	}
	return took
}
