MathJax.Hub.Config({ messageStyle: "none", showMathMenu: false });  // no messages at the foot while formulas are set
