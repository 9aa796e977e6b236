package gateway

import (
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/go-json-experiment/json"
)

// Metric is one number of a run of a job.
type Metric struct {
	Name  string
	Unit  Unit
	Value float64
}

// Metrics are the numbers of a run. Their names differ.
type Metrics []Metric

// Unit is a unit of CloudWatch metrics.
type Unit string

// The units that jobs use.
const (
	UnitCount        Unit = "Count"
	UnitSeconds      Unit = "Seconds"
	UnitMilliseconds Unit = "Milliseconds"
)

// MetricNamespace is the CloudWatch namespace of the metrics.
const MetricNamespace = "Cedula"

// toEMF returns a line in CloudWatch's embedded metric format (Amazon CloudWatch User Guide, "Specification: Embedded
// metric format"). The dimensions are the job and the function, whose name contains that of the stack.
func (f Metrics) toEMF(job string, at time.Time) string {
	dimensions, known := []string{"job"}, map[string]any{"job": job}
	if lambdacontext.FunctionName != "" {
		dimensions, known["function"] = append(dimensions, "function"), lambdacontext.FunctionName
	}
	metrics := make([]emfMetric, len(f))
	for n, m := range f {
		metrics[n] = emfMetric{m.Name, m.Unit}
		known[m.Name] = m.Value
	}
	known["_aws"] = emfMetadata{at.UnixMilli(), []emfDirective{{MetricNamespace, [][]string{dimensions}, metrics}}}
	return string(mustEncode(known))
}

type emfMetadata struct {
	Timestamp         int64          `json:"Timestamp"`
	CloudWatchMetrics []emfDirective `json:"CloudWatchMetrics"`
}

type emfDirective struct {
	Namespace  string      `json:"Namespace"`
	Dimensions [][]string  `json:"Dimensions"`
	Metrics    []emfMetric `json:"Metrics"`
}

type emfMetric struct {
	Name string `json:"Name"`
	Unit Unit   `json:"Unit"`
}

// toJSON returns the metrics as a JSON object.
func (f Metrics) toJSON() []byte {
	all := make(map[string]float64, len(f))
	for _, m := range f {
		all[m.Name] = m.Value
	}
	return mustEncode(all)
}

func mustEncode(v any) []byte {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic("gateway: figures: " + err.Error()) // only for NaN and infinity
	}
	return text
}
