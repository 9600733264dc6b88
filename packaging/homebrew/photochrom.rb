# For a tap: Formula/photochrom.rb. Submit the one beside the GitHub release, into which .ci/packagers.py
# has put the hash of the sdist. Numpy, ONNX Runtime and libvips
# come from Homebrew; `brew update-python-resources photochrom` fills in the other resources.
class Photochrom < Formula
  include Language::Python::Virtualenv

  desc "Turn gray photographs into color ones, at full resolution"
  homepage "https://github.com/photochrom/photochrom"
  url "https://files.pythonhosted.org/packages/source/p/photochrom/photochrom-0.2.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license all_of: ["Apache-2.0", "CC-BY-2.0", "CC0-1.0"]

  depends_on "numpy"
  depends_on "onnxruntime"
  depends_on "python@3.13"
  depends_on "vips"

  def install
    virtualenv_install_with_resources(without: "pyvips-binary")
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/photochrom --version")
    system bin/"photochrom", "doctor"
  end
end
