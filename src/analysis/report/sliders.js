"use strict";
/* Sliders of the what-if widget. Reads numbers from its own element, writes text only. */
(function () {
  var grouped = 1000;

  function shown(value, digits, signed) {
    var text = Math.abs(value).toFixed(digits);
    var zero = Number(text) === 0;
    var parts = text.split(".");
    if (Math.abs(value) >= grouped) { parts[0] = parts[0].replace(/\B(?=(\d{3})+$)/g, ","); }
    var sign = value < 0 && !zero ? "\u2212" : signed && !zero ? "+" : "";
    return sign + parts.join(".");
  }

  function implied(response, quantile, shifts) {
    var est = 0, variance = 0;
    shifts.forEach(function (d, i) {
      est += d * response.effects[i];
      if (!response.covariance.length) { return; }
      shifts.forEach(function (e, j) { variance += d * e * response.covariance[i][j]; });
    });
    var half = quantile * Math.sqrt(Math.max(variance, 0));
    return { est: est, low: est - half, high: est + half };
  }

  function begin(box) {
    var model = JSON.parse(box.getAttribute("data-what-if"));
    grouped = model.grouped;
    var sliders = Array.prototype.slice.call(box.querySelectorAll("input"));
    var outputs = box.querySelectorAll("output");
    var rows = box.querySelectorAll("tbody tr");
    var said = box.querySelector(".said");
    var waiting = 0;

    function lever(slider, i) {
      var shift = Number(slider.value), level = model.levers[i].level;
      var text = shown(shift, 0, true) + " " + model.words.points;
      if (level !== null) {
        text = shown(level, 1) + " \u2192 " + shown(level + shift, 1) + " (" + text + ")";
      }
      outputs[i].textContent = text;
      slider.setAttribute("aria-valuetext", text);
      return shift;
    }

    function update() {
      var shifts = sliders.map(lever), heard = [];
      model.responses.forEach(function (response, i) {
        var found = implied(response, model.quantile, shifts), digits = response.digits;
        var cells = rows[i].querySelectorAll("td");
        cells[1].textContent =
          response.level === null ? "\u2014" : shown(response.level + found.est, digits);
        cells[2].textContent = shown(found.est, digits, true);
        cells[3].textContent = response.covariance.length
          ? "[" + shown(found.low, digits) + ", " + shown(found.high, digits) + "]" : "\u2014";
        heard.push(response.label + " " + cells[2].textContent);
      });
      clearTimeout(waiting);
      waiting = setTimeout(function () {
        said.textContent = model.words.status + heard.join(model.words.joint);
      }, 600);
    }

    sliders.forEach(function (slider) { slider.addEventListener("input", update); });
    box.querySelector("button").addEventListener("click", function () {
      sliders.forEach(function (slider) { slider.value = "0"; });
      update();
    });
    box.hidden = false;
    update();
  }

  Array.prototype.forEach.call(document.querySelectorAll("[data-what-if]"), begin);
})();
