package sites

import (
	"encoding/json"
	"os"

	"cubby/models"
)

// Panel is the glass of a cabinet's screens, in the browser's pixels.
type Panel struct {
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	PxPerMM float64 `json:"px_per_mm"`
}

// Landscape is a panel of 10.1", Portrait one of 21.5".
func Landscape() Panel { return Panel{1280, 800, 118. / 20} }

// Portrait stands upright.
func Portrait() Panel { return Panel{1080, 1920, 81. / 20} }

// Build is how a cabinet is built. The zero value is the demo's: doors in front alone, whose boards reach MaxCells, and a
// landscape panel.
type Build struct {
	// Family of its lock boards; the Kerong CU48 when empty.
	Family string
	// Cells that its boards reach; MaxCells when 0.
	Cells int
	// TwoWay: each cell has a door at the back too, and there are a screen and a scanner of their own.
	TwoWay bool
	// Sensors tell whether something is in a cell; the boards have to be of a family that has them.
	Sensors bool
	// Cold is the module that has a thermometer, counted from 1; 0: none has.
	Cold int
	// Panel of its screens; Landscape when zero.
	Panel Panel
}

func (b Build) sides() []models.Side {
	if b.TwoWay {
		return []models.Side{models.SideFront, models.SideBack}
	}
	return []models.Side{models.SideFront}
}

func (s *Site) writeConfig(screen string) error {
	var scanners []any
	for _, side := range s.build.sides() {
		scanner := map[string]any{"port": "serial:" + s.in(scannerFile(side)) + "?baud=9600"}
		if side == models.SideBack {
			scanner["side"] = side
		}
		scanners = append(scanners, scanner)
	}
	config := map[string]any{
		"dir": s.Data(), "server": "https://" + s.cfg.Gateway, "server_ca": s.cfg.ServerCA, "proxy": s.line.URL(),
		"screen": screen, "socket": s.socket, "log_level": s.cfg.LogLevel,
		"buses": []any{s.boards.config(s.in("bus"))}, "scanners": scanners,
	}
	// What is as usual is not said: agents of before have to take the file too.
	if s.build.Panel != Landscape() {
		config["panel"] = map[string]any{"px_per_mm": s.build.Panel.PxPerMM}
	}
	if s.build.Cold > 0 {
		probe := map[string]any{"module": s.build.Cold, "grace_s": int(climateGrace.Seconds())}
		config["climates"] = []any{map[string]any{"port": "serial:" + s.in(climateFile) + "?baud=9600", "probes": []any{probe}}}
	}
	raw, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(s.in("agent.json"), append(raw, '\n'), 0o600)
}

func scannerFile(side models.Side) string {
	if side == models.SideBack {
		return "scanner-back"
	}
	return "scanner"
}
