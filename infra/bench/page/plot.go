package page

import (
	"fmt"
	"math"
	"strings"
)

// Plot is bars, or lines where Lines is set, of several series over common labels.
type Plot struct {
	File, Title, Unit string
	Lines             bool
	Labels            []string
	Series            []Series
	Mark              float64 // a line across, such as a target; 0: none
	MarkName          string
}

// Series is one value for each label.
type Series struct {
	Name   string
	Values []float64
}

// Measures of a plot, in pixels.
const (
	height, left, top, bottom = 420, 70, 70, 150
	plain                     = height - top - bottom
)

var colours = []string{"#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7"}

// SVG draws the plot.
func (p *Plot) SVG() string {
	width := left + 40 + max(640, len(p.Labels)*(14*len(p.Series)+8))
	d := drawing{step: float64(width-left-40) / float64(len(p.Labels)), most: p.most()}
	d.put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`, width, height)
	d.put(`<rect width="100%%" height="100%%" fill="white"/><text x="%d" y="22" font-size="15">%s</text>`, left, escape(p.Title))
	for n := range 5 {
		v := d.most * float64(n) / 4
		d.put(`<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`, left, d.y(v), width-40, left-6, d.y(v)+4, short(v))
	}
	d.put(`<text x="14" y="%d" transform="rotate(-90 14 %d)" text-anchor="middle">%s</text>`, top+plain/2, top+plain/2, escape(p.Unit))
	for n, label := range p.Labels {
		x := d.x(n) + d.step/2
		d.put(`<text x="%.1f" y="%d" transform="rotate(-40 %.1f %d)" text-anchor="end">%s</text>`, x, height-bottom+16, x, height-bottom+16, escape(label))
	}
	at := left
	for n, s := range p.Series {
		d.put(`<rect x="%d" y="38" width="10" height="10" fill="%s"/><text x="%d" y="47">%s</text>`, at, colour(n), at+14, escape(s.Name))
		at += 34 + 6*len(s.Name) // about as wide as the name
		if p.Lines {
			d.line(n, s)
		} else {
			d.bars(n, s, len(p.Series))
		}
	}
	if p.Mark > 0 {
		d.put(`<path d="M%d %.1fH%d" stroke="#c00" stroke-dasharray="4"/><text x="%d" y="%.1f" fill="#c00" text-anchor="end">%s</text>`,
			left, d.y(p.Mark), width-40, width-42, d.y(p.Mark)-4, escape(p.MarkName))
	}
	d.put(`</svg>`)
	return d.text.String()
}

// most is the top of the scale.
func (p *Plot) most() float64 {
	most := p.Mark
	for _, s := range p.Series {
		for _, v := range s.Values {
			most = max(most, v)
		}
	}
	if most == 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(most)))
	for _, f := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8, 10} {
		if most <= f*unit {
			return f * unit
		}
	}
	return most
}

// drawing is a plot under way.
type drawing struct {
	text       strings.Builder
	step, most float64
}

func (d *drawing) put(format string, values ...any) { fmt.Fprintf(&d.text, format+"\n", values...) }

func (d *drawing) x(n int) float64 { return left + float64(n)*d.step }

func (d *drawing) y(v float64) float64 { return top + plain*(1-v/d.most) }

func (d *drawing) bars(series int, s Series, all int) {
	wide := d.step * 0.8 / float64(all)
	for n, v := range s.Values {
		d.put(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`,
			d.x(n)+d.step*0.1+wide*float64(series), d.y(v), wide, height-bottom-d.y(v), colour(series))
	}
}

func (d *drawing) line(series int, s Series) {
	points := make([]string, len(s.Values))
	for n, v := range s.Values {
		points[n] = fmt.Sprintf("%.1f,%.1f", d.x(n)+d.step/2, d.y(v))
	}
	d.put(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`, strings.Join(points, " "), colour(series))
}

func colour(n int) string { return colours[n%len(colours)] }

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace(s)
}

func short(v float64) string {
	if v >= 10_000 {
		return fmt.Sprintf("%gk", math.Round(v/100)/10)
	}
	return fmt.Sprintf("%g", math.Round(v*100)/100)
}
